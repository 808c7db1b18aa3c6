"""How uncertain other work on the machine makes latencies.

Work that lasts for minutes slows all repeats in a row alike, so repeats do not show it.
"""

import math
import statistics
from collections.abc import Sequence

from k6_mcp.analysis.compare.side import Side
from k6_mcp.analysis.measure.cpu_contention import held_up, waiting_share
from k6_mcp.models.wording import percent

# Share of a latency
_MATTERS = 0.05


def deviation(baseline: Sequence[Side], candidate: Sequence[Side]) -> float:
    """Return how much of their latencies k6 spent waiting for a CPU, over both sides.

    The shares of the sides are added as squares. 0 on an otherwise idle machine.
    """
    return math.hypot(_side(baseline), _side(candidate))


def matters(baseline: Sequence[Side], candidate: Sequence[Side]) -> bool:
    """Return whether that wait is large enough to matter."""
    return deviation(baseline, candidate) > _MATTERS


def described(baseline: Sequence[Side], candidate: Sequence[Side]) -> str:
    """Return in words which share of its time k6 waited."""
    return (
        f"k6 waited for a CPU {_share_text(baseline)} of its time in the baseline and"
        f" {_share_text(candidate)} in the candidate"
    )


def _side(side: Sequence[Side]) -> float:
    shares = [held_up(one.run.metrics) for one in side if one.run.metrics]
    return math.sqrt(statistics.fmean(share * share for share in shares)) if shares else 0.0


def _share_text(side: Sequence[Side]) -> str:
    shares = [
        share for one in side if one.run.metrics and (share := waiting_share(one.run.metrics)) is not None
    ]
    return percent(statistics.fmean(shares)) if shares else "an unknown part"
