"""What happened while k6 ran: events on the way (`RunEvent`) and the `Outcome` at the end.

These are facts, without judgment.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

from k6_mcp.models.metrics import ErrorSample
from k6_mcp.models.plan import MemoryLimit

StopReason = Literal["caller", "deadline", "shutdown", "handle_summary", "unplanned"]


class Started(NamedTuple):
    """k6 has started; traffic may begin."""

    at: datetime


class Progress(NamedTuple):
    """k6's own progress block, once a second.

    `percent` is that of the whole test, None until known. Counts are since the start.
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
    """A distinct message of the script or k6.

    `times` is how often it occurred, and `source` holds the k6 fields that name its origin.
    """

    level: str
    text: str
    times: int
    source: str | None = None


class LogDigest(NamedTuple):
    """k6's stderr, counted and cut.

    `cause` is the line that explains the exit code. `thrown` counts iterations that threw an exception.
    `out_of_memory` means that Go ended k6 because it got no more memory. `redirects_given_up` are the chains
    of redirects that k6 stopped following, with `requests_given_up` requests in them.
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
    """The result of another attempt to start Chromium, after k6 could not.

    `said` is Chromium's output, empty if it started, and `hint` is what to do.
    """

    said: str
    hint: str


class Outcome(NamedTuple):
    """How a k6 process ended, and what it left.

    Process: a negative `exit_code` is the signal that killed k6; None means that it never started.
    `stop_reason` is set only if *we* stopped it: `handle_summary` means that load and teardown were over and
    only the script's handleSummary was not, `unplanned` that k6 used more VUs than planned. `paused_s` is how
    long k6 was seen stopped by a signal.

    Figures: `completed` and `interrupted` are the iterations in k6's last progress block; `completed` is None
    if k6 printed no block. `summary` is the wrapper's `handleSummary(data)` JSON text and `export` k6's
    `--summary-export` JSON text, each None if the file is missing.

    Machine: `cpu_s` is k6's CPU time on `cores`, and `cpu_wait_s` how long its threads, added up, waited for
    one of them. `steal_s` is the time that the hypervisor took from all CPUs meanwhile. `busy` is for a k6
    that was killed while it loaded its script: the share of the last second in which it had or wanted a CPU.
    `memory_limit` is the limit of its memory, None if it had none.

    Refusals: `browser` is set if k6 could not start one. `parsed` is False if k6 refused a script that it may
    not have been able to parse; then no text of a script file is shown. `k6_version` is the version of the k6
    that refused it.
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
