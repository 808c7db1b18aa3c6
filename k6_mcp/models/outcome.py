"""What happened while k6 ran: events on the way (`RunEvent`) and the `Outcome` at the end. Facts only, no judgement."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

from k6_mcp.models.metrics import ErrorSample

StopReason = Literal["caller", "deadline", "shutdown", "handle_summary"]


class Started(NamedTuple):
    """k6 runs; traffic may begin."""

    at: datetime


class Progress(NamedTuple):
    """k6's own progress block, once a second: whole-test percent (None until known) and counts since the start."""

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
    """A distinct message of the script or k6, how many `times` it came, and the k6 fields that tell where from."""

    level: str
    text: str
    times: int
    source: str | None = None


class LogDigest(NamedTuple):
    """k6's stderr, counted and cut: `cause` is the line that explains the exit code, `thrown` counts iterations that threw.

    `redirects_given_up` are the chains of redirects that k6 followed no further, with `requests_given_up` requests in them.
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


class Outcome(NamedTuple):
    """How a k6 process ended and what it left; negative `exit_code` is the signal that killed it, None if it never started.

    `stop_reason` is set only when *we* stopped it; `handle_summary` says that load and teardown were over and only the script's
    handleSummary was not. `completed` and `interrupted` are the iterations in k6's last progress block, None where it printed none;
    `paused_s` is how long k6 was seen stopped by a signal. `summary` is the wrapper's `handleSummary(data)` JSON text and `export` k6's `--summary-export` JSON text, each None when the file is missing. `cpu_s` is k6's CPU time on `cores`, `cpu_wait_s` how long
    its threads, added up, waited for one of them, `steal_s` what the hypervisor took from all CPUs meanwhile.
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
    cores: int | None = None
    spawn_error: str | None = None
