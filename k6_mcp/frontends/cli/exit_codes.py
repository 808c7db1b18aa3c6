"""What the exit code of `k6-mcp` says."""

from collections.abc import Mapping

COMPLETED, FAILED, REFUSED, CANCELLED = 0, 1, 2, 3

BY_STATUS: Mapping[str, int] = {
    "completed": COMPLETED,
    "failed": FAILED,
    "cancelled": CANCELLED,
    "lost": CANCELLED,
}
