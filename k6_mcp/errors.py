"""Every error k6-mcp raises.

K6McpError                 everything below; has a stable `code`, a text and a hint
├── InvalidArguments       the request has the wrong shape (wrong everywhere)
├── LimitExceeded          the request is well formed but not allowed on this server
├── K6NotFound             no k6 binary, or one that cannot be started
├── K6TooOld               the k6 found is older than the oldest supported version
├── UnknownRun             no run has this id
├── HistoryUnavailable     the database cannot be read or written
├── ReportUnavailable      a report cannot be made or written here
├── ArchiveUnusable        an archive of runs cannot be written, or not be taken in
├── NotUnderstood          a one-shot line that is not a request
├── Interrupted            this process was asked to end before a test had begun
└── InternalError          our own fault

A failing target, a broken script or a crossed threshold is no error: it is a failed run.
An error exists only where there is no run id to answer with.
"""

from collections.abc import Sequence

# An answer to an agent stays below 10 KB
_LONGEST_BYTES = 8_000


class K6McpError(Exception):
    """Base of all errors; `str()` is `code: text (next step: hint)`, one line, safe to show to a client.

    `reasons` holds every violation found, one sentence each; the text joins them, and is cut where a client
    sent thousands.
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
    # Half of a surrogate pair, which JSON can spell, could be sent to nobody
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST_BYTES:
        return encoded.decode()
    return f"{encoded[:_LONGEST_BYTES].decode('utf-8', 'ignore')}… (cut; {reasons} reasons in all)"


class InvalidArguments(K6McpError):
    """Raised when arguments have the wrong shape; lists every violation by argument name."""

    code = "invalid_arguments"


class LimitExceeded(K6McpError):
    """Raised when a well-formed request asks for more than this server allows; lists every violation."""

    code = "limit_exceeded"


class K6NotFound(K6McpError):
    """Raised when no k6 binary is found or the one found cannot be started."""

    code = "k6_not_found"


class K6TooOld(K6McpError):
    """Raised when the k6 found is older than the oldest supported version."""

    code = "k6_too_old"


class UnknownRun(K6McpError):
    """Raised when no run has the given id."""

    code = "unknown_run"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"no run has the id {run_id[:80]!r}", hint="get_history lists the runs and their ids"
        )


class HistoryUnavailable(K6McpError):
    """Raised when the database cannot be used; runs still work and are kept in their folders.

    `kind` tells whether waiting helps ("locked") or `k6-mcp rebuild` does ("damaged").
    """

    code = "history_unavailable"

    def __init__(self, *reasons: str, hint: str = "", kind: str = "unusable") -> None:
        super().__init__(*reasons, hint=hint)
        self.kind = kind


class ReportUnavailable(K6McpError):
    """Raised when a report cannot be made (its library is not installed) or not be written (disk full)."""

    code = "report_unavailable"


class ArchiveUnusable(K6McpError):
    """Raised when runs cannot be exported to a file, or a file of runs is damaged, hostile or in conflict
    with what is kept.
    """

    code = "archive_unusable"


class NotUnderstood(K6McpError):
    """Raised when a one-shot line is not a request this server knows."""

    code = "not_understood"


class Interrupted(K6McpError):
    """Raised when this process is asked to end before the test that it was asked for has begun."""

    code = "interrupted"


class InternalError(K6McpError):
    """Raised when our own code failed; the details are in the server's log on stderr."""

    code = "internal"
