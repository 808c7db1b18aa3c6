"""Answers of the service, other than runs."""

from typing import Literal

from k6_mcp.models.base import Model
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.findings import Advice, Finding
from k6_mcp.models.plan import Plan
from k6_mcp.models.report_formats import ReportFormat
from k6_mcp.models.run import Failure, Status
from k6_mcp.models.script import Origin
from k6_mcp.models.timeline import Phase


class Refusal(Model):
    """Why k6 refuses a script.

    `line` and `column` count from 1; `source_line` is that line of the script.
    """

    kind: FailureKind
    message: str
    line: int | None = None
    column: int | None = None
    source_line: str | None = None


class PlanReport(Model):
    """What would run, found without traffic.

    `plan` is None if k6 refuses the script (see `refusal`). `violations` are the reasons why this server
    would refuse the run. If the request itself violates this server's limits, nothing is rendered and k6 is
    not started; then the report holds only its `violations`.
    """

    origin: Origin
    script: str | None = None
    script_sha256: str | None = None
    k6_version: str | None = None
    plan: Plan | None = None
    refusal: Refusal | None = None
    violations: tuple[str, ...] = ()
    next: str = ""


class Explanation(Model):
    """A verdict in words.

    It has one headline, what broke with its evidence, findings (worst first) and the next steps.
    """

    run_id: str
    status: Status
    headline: str
    failure: Failure | None = None
    observations: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    phases: tuple[Phase, ...] = ()
    advice: Advice | None = None


class Component(Model):
    """The state of one thing the server depends on."""

    name: str
    state: Literal["ok", "degraded", "broken"]
    detail: str
    hint: str | None = None


class LimitsReport(Model):
    """The caps in force on this server.

    `script_dirs` are the folders that script files may come from. Empty means anywhere.
    """

    max_concurrent_runs: int
    max_vus: int
    max_duration_s: float
    max_rps: int
    max_script_bytes: int
    timeout_s: float
    script_dirs: tuple[str, ...] = ()


class Health(Model):
    """Whether tests can run here: k6, database, disk, limits and what is running."""

    ok: bool
    components: tuple[Component, ...]
    limits: LimitsReport
    running: tuple[str, ...] = ()
    queued: tuple[str, ...] = ()


Detail = Literal["summary", "full", "timeline", "log", "script"]


class RunText(Model):
    """A text of a run, without secrets: its log or its script, as given in `detail`."""

    run_id: str
    detail: Detail
    text: str


class ReportFile(Model):
    """A report as a file: where it was written and what it is."""

    format: ReportFormat
    path: str
    media_type: str
    bytes: int
