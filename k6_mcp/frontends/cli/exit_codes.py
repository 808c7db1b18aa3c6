"""The exit codes of `k6-mcp` and their meaning."""

from collections.abc import Mapping

COMPLETED, FAILED, REFUSED, CANCELLED = 0, 1, 2, 3

BY_STATUS: Mapping[str, int] = {
    "completed": COMPLETED,
    "failed": FAILED,
    "cancelled": CANCELLED,
    "lost": CANCELLED,
}

EXIT_CODES = "exit codes: 0 completed, 1 failed, 2 refused (arguments, limits, no k6), 3 cancelled or lost"
