"""What happened while k6 ran: events on the way (`RunEvent`) and the `Outcome` at the end. Facts only, no
judgement.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

from k6_mcp.models.metrics import ErrorSample
from k6_mcp.models.plan import MemoryLimit

StopReason = Literal["caller", "deadline", "shutdown", "handle_summary", "unplanned"]


class Started(NamedTuple):
    """k6 runs; traffic may begin."""

    at: datetime


class Progress(NamedTuple):
    """k6's own progress block, once a second: whole-test percent (None until known) and counts since the
    start.
    """

    elapsed_s: float
    percent: float | None
    vus: int
    max_vus: int
    iterations: int
    interrupted: int


class RecordLine(NamedTuple):
    """One line of k6's time-series record (NDJSON), in order, as written."""

    line: str


RunEvent = Started | Progress | RecordLine
Emit = Callable[[RunEvent], None]


class LogMessage(NamedTuple):
    """A distinct message of the script or k6, how many `times` it came, and the k6 fields that tell where
    from.
    """

    level: str
    text: str
    times: int
    source: str | None = None


class LogDigest(NamedTuple):
    """k6's stderr, counted and cut: `cause` is the line that explains the exit code, `thrown` counts
    iterations that threw.

    `out_of_memory` says that Go ended k6 because it got no more memory. `redirects_given_up` are the chains
    of redirects that k6 followed no further, with `requests_given_up` requests in them.
    """

    cause: str | None = None
    cause_hint: str | None = None
    thrown: int = 0
    request_failures: int = 0
    redirects_given_up: int = 0
    requests_given_up: int = 0
    messages: tuple[LogMessage, ...] = ()
    samples: tuple[ErrorSample, ...] = ()
    dropped_lines: int = 0
    went_running: bool = False
    out_of_memory: bool = False


class BrowserStart(NamedTuple):
    """What came of starting Chromium once more, after k6 could not: what it said and what to do; `said` is
    empty where it did start.
    """

    said: str
    hint: str


class Outcome(NamedTuple):
    """How a k6 process ended and what it left; negative `exit_code` is the signal that killed it, None if it
    never started.

    `stop_reason` is set only when *we* stopped it; `handle_summary` says that load and teardown were over and
    only the script's handleSummary was not, `unplanned` that k6 used more VUs than its plan has. `completed`
    and `interrupted` are the iterations in k6's last progress block, None where it printed none; `paused_s`
    is how long k6 was seen stopped by a signal. `summary` is the wrapper's `handleSummary(data)` JSON text
    and `export` k6's `--summary-export` JSON text, each None when the file is missing. `cpu_s` is k6's CPU
    time on `cores`, `cpu_wait_s` how long its threads, added up, waited for one of them, `steal_s` what the
    hypervisor took from all CPUs meanwhile, `busy` the share of the last second in which a k6 that was killed
    while it loaded its script had or wanted a CPU, `memory_limit` what it was held to, None if to nothing.
    `browser` is there where k6 could not start one. `parsed` is False where k6 refused a script and may not
    have been able to parse it: then nothing of a script file's text is shown. `k6_version` is the version of
    the k6 that refused it.
    """

    exit_code: int | None
    started_at: datetime
    ended_at: datetime
    stop_reason: StopReason | None = None
    killed: bool = False
    phase: Literal["plan", "run"] = "run"
    summary: str | None = None
    export: str | None = None
    log: LogDigest = LogDigest()
    completed: int | None = None
    interrupted: int = 0
    paused_s: float = 0.0
    cpu_s: float | None = None
    cpu_wait_s: float | None = None
    steal_s: float | None = None
    busy: float | None = None
    cores: int | None = None
    spawn_error: str | None = None
    browser: BrowserStart | None = None
    memory_limit: MemoryLimit | None = None
    parsed: bool = True
    k6_version: str = ""
