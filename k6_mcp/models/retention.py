"""How many runs are kept, and for how long."""

from typing import NamedTuple


class Retention(NamedTuple):
    """The limits of what is kept; None means no limit.

    They are the days since a run was created, the number of newest runs, and the bytes of all run folders.
    Removed runs stay in the trash for `trash_days`, as long as there is room; 0 deletes them at once.
    """

    days: float | None = 365.0
    runs: int | None = 100_000
    size_bytes: int | None = 10_000_000_000
    trash_days: float = 7.0
