"""Small drawings as coordinates: a threshold's headroom bar, and the dot and whiskers of a change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k6_mcp.models.comparison import MetricChange
from k6_mcp.models.wording import number

BAR_WIDTH = 150.0
# Position of the limit on a bar; the rest is room for values that cross it
BAR_LIMIT = 110.0
WHISKER_WIDTH = 260.0
_MIDDLE = WHISKER_WIDTH / 2
# From the middle to the edge, in pixels
_REACH = 118.0
# A smaller scale would make noise look like a change
_LEAST = {"share": 0.01, "relative": 0.05}
_MOST = {"share": 1.0, "relative": 1.0}


@dataclass(frozen=True)
class Bar:
    """The used part of a limit, in pixels; `over` if the limit is crossed."""

    width: float
    over: bool


def headroom_bar(headroom: float) -> Bar:
    """Return the bar of a threshold that has the share `headroom` of its limit left."""
    used = min(max(1 - headroom, 0.0), BAR_WIDTH / BAR_LIMIT) * BAR_LIMIT
    return Bar(round(max(used, 1.0), 1), headroom < 0)


@dataclass(frozen=True)
class Whisker:
    """One metric's change: positions of the dot and whiskers (px), effect and interval as text."""

    change: MetricChange
    dot: float | None
    low: float | None
    high: float | None
    effect: str
    interval: str


def whiskers(changes: Iterable[MetricChange]) -> tuple[Whisker, ...]:
    """Return the drawings of all changes; changes of one kind share a scale."""
    listed = list(changes)
    scales = {kind: _scale([c for c in listed if _kind(c) == kind], kind) for kind in _LEAST}
    return tuple(_whisker(change, scales[_kind(change)]) for change in listed)


def _kind(change: MetricChange) -> str:
    return "share" if change.unit == "share" else "relative"


def _scale(changes: Sequence[MetricChange], kind: str) -> float:
    ends = [abs(v) for c in changes for v in (c.effect, c.effect_low, c.effect_high) if v is not None]
    return min(max(max(ends, default=0.0), _LEAST[kind]), _MOST[kind])


def _whisker(change: MetricChange, scale: float) -> Whisker:
    def at(value: float | None) -> float | None:
        return None if value is None else round(_MIDDLE + max(-1.0, min(1.0, value / scale)) * _REACH, 1)

    ends = (change.effect_low, change.effect_high)
    interval = "—" if None in ends else " to ".join(signed(end, change.unit) for end in ends)
    return Whisker(
        change, at(change.effect), at(ends[0]), at(ends[1]), signed(change.effect, change.unit), interval
    )


def signed(effect: float | None, unit: str) -> str:
    """Return an effect with its sign: percentage points for shares, percent for anything else."""
    if effect is None:
        return "—"
    word = "points" if unit == "share" else "%"
    sign = "+" if effect > 0 else "\u2212" if effect < 0 else ""
    return f"{sign}{number(abs(effect) * 100, 3)} {word}"
