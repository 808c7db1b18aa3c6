"""How unsure other work on the machine makes latencies: work that goes on for minutes slows all repeats in a
row alike.
"""

import math
import statistics
from collections.abc import Sequence

from k6_mcp.analysis.compare.side import Side
from k6_mcp.analysis.measure.cpu_contention import held_up, waiting_share
from k6_mcp.models.wording import percent

# Of a latency
_MATTERS = 0.05


def deviation(baseline: Sequence[Side], candidate: Sequence[Side]) -> float:
    """Return what k6, held up, waited per request on both sides, as a share of their latencies, added as
    squares; 0 on a machine left alone.
    """
    return math.hypot(_side(baseline), _side(candidate))


def matters(baseline: Sequence[Side], candidate: Sequence[Side]) -> bool:
    """Return whether that is worth a word."""
    return deviation(baseline, candidate) > _MATTERS


def told(baseline: Sequence[Side], candidate: Sequence[Side]) -> str:
    """Return for which part of its time k6 waited, in words."""
    return (
        f"k6 waited for a CPU {_told(baseline)} of its time in the baseline and {_told(candidate)} in the"
        " candidate"
    )


def _side(side: Sequence[Side]) -> float:
    shares = [held_up(one.run.metrics) for one in side if one.run.metrics]
    return math.sqrt(statistics.fmean(share * share for share in shares)) if shares else 0.0


def _told(side: Sequence[Side]) -> str:
    shares = [
        share for one in side if one.run.metrics and (share := waiting_share(one.run.metrics)) is not None
    ]
    return percent(statistics.fmean(shares)) if shares else "an unknown part"
