"""Every error that k6-mcp raises.

K6McpError                 the base class; has a stable `code`, a text and a hint
├── InvalidArguments       the request has the wrong shape (on any server)
├── LimitExceeded          the request is well formed, but this server doesn't allow it
├── K6NotFound             no k6 binary, or one that cannot be started
├── K6TooOld               k6 is older than the oldest supported version
├── UnknownRun             no run has this id
├── HistoryUnavailable     the database cannot be read or written
├── ReportUnavailable      a report cannot be created or written here
├── ArchiveUnusable        an archive of runs cannot be written or imported
├── NotUnderstood          a one-shot line isn't a request
├── Interrupted            this process was stopped before the test started
└── InternalError          a bug in k6-mcp

A failing target, a broken script or a crossed threshold isn't an error: it is a failed run. An error is
raised only where there is no run id to answer with.
"""

from collections.abc import Sequence

# An answer to an agent stays below 10 KB, and a hint follows the reasons.
_LONGEST_BYTES = 8_000


class K6McpError(Exception):
    """Base of all errors; `str()` is one line that is safe to show to a client.

    The line reads `code: text (next step: hint)`. `reasons` holds every violation, one sentence each; the
    text joins them. It is cut if a client sent thousands of violations.
    """

    code = "internal"

    def __init__(self, *reasons: str, hint: str = "") -> None:
        self.reasons: Sequence[str] = reasons
        self.hint = hint
        super().__init__(*reasons)

    def __str__(self) -> str:
        text = _bounded(f"{self.code}: {'; '.join(self.reasons)}", len(self.reasons))
        return f"{text} (next step: {self.hint})" if self.hint else text


def _bounded(text: str, reasons: int) -> str:
    # JSON can spell half of a surrogate pair, which cannot be encoded and would make the answer unsendable.
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST_BYTES:
        return encoded.decode()
    return f"{encoded[:_LONGEST_BYTES].decode('utf-8', 'ignore')}… (cut; {reasons} reasons in all)"


class InvalidArguments(K6McpError):
    """Raised when arguments have the wrong shape; lists every violation by argument name."""

    code = "invalid_arguments"


class LimitExceeded(K6McpError):
    """Raised when a well-formed request exceeds this server's limits; lists every violation."""

    code = "limit_exceeded"


class K6NotFound(K6McpError):
    """Raised when no k6 binary is found, or when it cannot be started."""

    code = "k6_not_found"


class K6TooOld(K6McpError):
    """Raised when k6 is older than the oldest supported version."""

    code = "k6_too_old"


class UnknownRun(K6McpError):
    """Raised when no run has the given id."""

    code = "unknown_run"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"no run has the id {run_id[:80]!r}", hint="get_history lists the runs and their ids"
        )


class HistoryUnavailable(K6McpError):
    """Raised when the database cannot be used; tests still run and are kept in their folders.

    `kind` shows what helps: waiting ("locked"), `k6-mcp rebuild` ("damaged"), or neither.
    """

    code = "history_unavailable"

    def __init__(self, *reasons: str, hint: str = "", kind: str = "unusable") -> None:
        super().__init__(*reasons, hint=hint)
        self.kind = kind


class ReportUnavailable(K6McpError):
    """Raised when a report cannot be created (its library is missing) or written (the disk is full)."""

    code = "report_unavailable"


class ArchiveUnusable(K6McpError):
    """Raised when runs cannot be exported or imported.

    The archive may be damaged or hostile, or conflict with a run that is already here.
    """

    code = "archive_unusable"


class NotUnderstood(K6McpError):
    """Raised when a one-shot line isn't a request that this server knows."""

    code = "not_understood"


class Interrupted(K6McpError):
    """Raised when this process is stopped before the requested test has started."""

    code = "interrupted"


class InternalError(K6McpError):
    """Raised when k6-mcp itself failed; the details are in the server's log on stderr."""

    code = "internal"
