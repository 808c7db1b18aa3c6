"""How far k6's waiting for a CPU sets two sides apart: other work on the machine, which repeats in a row share and therefore do not show."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from k6_mcp.analysis.compare.side import Side
from k6_mcp.analysis.disturbance import waited_ms, waited_share
from k6_mcp.models.wording import number, percent

_MOST = 1.5  # times what was waited is what it adds to a latency
_MATTERS = 0.05  # of a latency
_UNSTEADY = 0.3  # of what a side waited is how far that varies


class Waiting(NamedTuple):
    """What waiting for a CPU does to the logarithm of a latency.

    `lowers` and `raises` are how far it may have moved the difference of the two sides at most, `deviation` how far it makes it vary.
    """

    lowers: float
    raises: float
    deviation: float

    @property
    def of_rates(self) -> "Waiting":
        """What it does to the rate of a closed model, which falls as latency rises."""
        return Waiting(self.raises, self.lowers, self.deviation)

    @property
    def matters(self) -> bool:
        """Whether it is worth a word."""
        return max(self) > _MATTERS


NO_WAITING = Waiting(0.0, 0.0, 0.0)


def waiting(baseline: Sequence[Side], candidate: Sequence[Side]) -> Waiting:
    """Return what k6's waiting explains of a difference, from what its threads waited as a share of the latency of each side.

    Where the system did not tell, nothing; a side that does not tell counts as the other one.
    """
    before, after = _share(baseline), _share(candidate)
    before, after = (after if before is None else before) or 0.0, (before if after is None else after) or 0.0
    more = _MOST * (after - before)
    return Waiting(max(0.0, -more), max(0.0, more), _UNSTEADY * math.hypot(before, after))


def told(baseline: Sequence[Side], candidate: Sequence[Side]) -> str:
    """Return how long k6 waited on both sides, in words."""
    words = [f"{where} {_side(part)}" for where, part in (("in the baseline", baseline), ("in the candidate", candidate))]
    return f"k6 waited for a CPU, per request, {' and '.join(words)}"


def _share(side: Sequence[Side]) -> float | None:
    shares = [share for one in side if one.run.metrics and (share := waited_share(one.run.metrics)) is not None]
    return statistics.fmean(shares) if shares else None


def _side(side: Sequence[Side]) -> str:
    waits = [waited for one in side if one.run.metrics and (waited := waited_ms(one.run.metrics)) is not None]
    share = _share(side)
    if not waits or share is None:
        return "unknown"
    return f"{number(statistics.fmean(waits), 2)} ms ({percent(share)} of its latency)"
