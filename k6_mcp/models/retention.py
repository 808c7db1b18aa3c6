"""What is kept for how long."""

from typing import NamedTuple


class Retention(NamedTuple):
    """How much is kept: days since a run was created, the newest runs, bytes of all run folders; None means
    without limit.

    What is removed stays in the trash for `trash_days`, as long as it has room there; 0 deletes it at once.
    """

    days: float | None = 365.0
    runs: int | None = 100_000
    size_bytes: int | None = 10_000_000_000
    trash_days: float = 7.0
