"""What is kept for how long."""

from typing import NamedTuple


class Retention(NamedTuple):
    """How much is kept: days since a run was created, the newest runs, bytes of all run folders; None means without limit."""

    days: float | None = 365.0
    runs: int | None = 100_000
    size_bytes: int | None = 10_000_000_000
