"""Rules about a growing load: where an objective broke, and where latency starts to climb."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from k6_mcp.analysis.findings import limiter
from k6_mcp.analysis.findings.case import Case, Interval, merged
from k6_mcp.analysis.numbers.confidence import above, unlike_chance
from k6_mcp.analysis.numbers.tests import bend, blocks
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.thresholds import parse
from k6_mcp.models.wording import number, percent

# The highest load relative to the lowest; with less it isn't a ramp
_GROWS = 1.5
_NEAR_PEAK = 0.95
# Relative to the load before; a load that falls in between isn't a ramp
_DROPS = 0.9
_FEWEST_POINTS = 8
_REQUESTS_PER_POINT = 20
_FEWEST_BROKEN = 3
_FEWEST_HELD = 3
_STAYS_BROKEN = 0.9
# At most this share of the points before the break may be broken
_HELD_BEFORE = 0.25
_MOST_POINTS = 40
_KNEE_ERROR_LEFT = 0.5
_KNEE_STEEPER = 4.0
_KNEE_TIMES = 2.0
_KNEE_MS = 20.0
# Share of the whole climb. If load rises in steps, the two lines meet before the last step that held.
_STILL_FLAT = 0.1
# Points
_HALF_SURE_AT = 1.5
# Loads that differ less are the same: in intervals of a second, a target's capacity varies that much
_ALIKE = 1.1
_COLUMNS = {
    "avg": "avg_ms",
    "med": "p50_ms",
    "p(50)": "p50_ms",
    "p(90)": "p90_ms",
    "p(95)": "p95_ms",
    "p(99)": "p99_ms",
    "rate": "error_rate",
}


@dataclass(frozen=True)
class Objective:
    """An objective that can be checked per interval: `column` of Interval must not exceed `limit`."""

    column: str
    limit: float
    own: bool

    @property
    def text(self) -> str:
        """The objective in words."""
        if self.column == "error_rate":
            return f"errors <= {percent(self.limit)}"
        return f"{self.column.removesuffix('_ms')} <= {number(self.limit)} ms"

    @property
    def metric(self) -> str:
        """k6's metric."""
        return "http_req_failed" if self.column == "error_rate" else "http_req_duration"

    def broken(self, interval: Interval) -> bool:
        """Return whether an interval breaks the objective."""
        return (getattr(interval, self.column) or 0.0) > self.limit


def objectives(case: Case) -> list[Objective]:
    """Return the run's own thresholds on latency and errors.

    For latency or errors without a threshold, the limits of the settings are used.
    """
    own: list[Objective] = []
    for threshold in case.metrics.thresholds or (case.plan.thresholds if case.plan else ()):
        parsed = parse(threshold.expression)
        column = _COLUMNS.get(parsed.key) if parsed else None
        if parsed is None or column is None or not parsed.is_ceiling:
            continue
        objective = Objective(column, parsed.limit, own=True)
        if threshold.metric == objective.metric:
            own.append(objective)
    limits = case.limits
    if not any(objective.column != "error_rate" for objective in own):
        own += [Objective("p95_ms", limits.p95_ms, own=False), Objective("avg_ms", limits.avg_ms, own=False)]
    if not any(objective.column == "error_rate" for objective in own):
        own.append(Objective("error_rate", limits.error_rate_warning, own=False))
    return own


def slo_break_point(case: Case) -> Iterator[Finding]:
    """Find the load on a ramp at which an objective broke and stayed broken.

    It also reports the last load that held.
    """
    points = merged(_rising(case), _REQUESTS_PER_POINT)
    breaks = [
        (at, objective)
        for objective in objectives(case)
        if (at := _breaks([objective.broken(point) for point in points])) is not None
    ]
    if not breaks:
        return
    at, objective = min(breaks, key=lambda item: item[0])
    held = max(
        (point for point in points[:at] if not objective.broken(point)), key=lambda point: point.load or 0.0
    )
    first, others = points[at], [other.text for _, other in breaks if other is not objective]
    observed = getattr(first, objective.column)
    # Because of what piled up, less may have been achieved at the break than before
    low, high = sorted((held, first), key=lambda point: _borne(case, point))
    yield Finding(
        id="slo_break_point",
        severity="critical" if objective.own else "warning",
        confidence=above(
            max(getattr(point, objective.column) or 0.0 for point in points[at:]),
            objective.limit,
            len(points) - at,
            _HALF_SURE_AT,
        ),
        message=(
            f"{objective.text} broke at {_load(case, first)} and stayed broken; the last load that held was"
            f" {_load(case, held)}"
        )
        + (f"; also broken: {', '.join(others)}" if others else ""),
        evidence=(
            Evidence(
                metric=objective.metric,
                observed=observed,
                limit=objective.limit,
                from_s=first.from_s,
                to_s=first.to_s,
                note=f"at {_load(case, first)}",
            ),
            Evidence(
                metric=objective.metric,
                observed=getattr(held, objective.column),
                limit=objective.limit,
                from_s=held.from_s,
                to_s=held.to_s,
                note=f"held at {_load(case, held)}",
            ),
        ),
        recommendation=(
            f"confirm it: execute_k6_test with {_argument(case, low)} for a minute or more should hold; "
        )
        + _most(case, low, high)
        + (f"; {limiter.advice(case)}" if objective.column == "error_rate" and limiter.limited(case) else ""),
    )


def latency_knee(case: Case) -> Iterator[Finding]:
    """Find the load on a ramp from which latency climbs.

    This is the bend of a two-segment fit of the median latency over the load.
    """
    rising = [
        point
        for point in merged(_rising(case), _REQUESTS_PER_POINT)
        if point.p50_ms is not None and point.load
    ]
    ordered = sorted((point.load or 0.0, point.p50_ms or 0.0) for point in rising)
    points = blocks(ordered, _MOST_POINTS)
    if len(points) < _FEWEST_POINTS:
        return
    fit = bend([x for x, _ in points], [y for _, y in points])
    top_ms = max(y for _, y in points[-3:])
    if fit is None or fit.error_left > _KNEE_ERROR_LEFT or fit.after <= _KNEE_STEEPER * max(fit.before, 0.0):
        return
    flat_ms = max(fit.y, min(y for _, y in points))
    if top_ms < max(_KNEE_TIMES * flat_ms, flat_ms + _KNEE_MS):
        return
    near_ms = flat_ms + _STILL_FLAT * (top_ms - flat_ms)
    flat = [
        x
        for x, _ in takewhile(
            lambda point: point[1] <= near_ms, (point for point in points if point[0] >= fit.x)
        )
    ]
    at = max(flat, default=fit.x)
    knee = min(rising, key=lambda point: abs((point.load or 0.0) - at))
    yield Finding(
        id="latency_knee",
        severity="warning",
        confidence=unlike_chance(fit.error_left + 1 / len(points) ** 2),
        message=(
            f"latency climbs from {_load(case, knee)} on: the median is about {number(flat_ms, 2)} ms up to"
            f" there, {number(top_ms, 3)} ms at {number(points[-1][0], 3)} {case.load.unit} (bend of a"
            " two-segment least-squares fit)"
        ),
        evidence=(
            Evidence(
                metric="http_req_duration",
                observed=top_ms,
                limit=flat_ms,
                from_s=knee.from_s,
                to_s=rising[-1].to_s,
                note="median at the highest load; limit: at the bend",
            ),
            Evidence(
                metric="iterations",
                observed=knee.iterations_per_s,
                from_s=knee.from_s,
                to_s=knee.to_s,
                note="achieved per s at the bend",
            ),
        ),
        recommendation=(
            "take it as the capacity and leave room: test with execute_k6_test and"
            f" {_argument(case, knee, 0.8)}, well below the bend"
        ),
    )


def _rising(case: Case) -> Sequence[Interval]:
    """Return the intervals up to the highest load.

    None if the load does not grow or falls in between.
    """
    intervals = [interval for interval in case.intervals if interval.load]
    loads = [interval.load or 0.0 for interval in intervals]
    if len(loads) < _FEWEST_POINTS or max(loads) < _GROWS * loads[0]:
        return ()
    near_peak = _NEAR_PEAK * max(loads)
    peak = max(i for i, load in enumerate(loads) if load >= near_peak)
    highest = 0.0
    for load in loads[: peak + 1]:
        if load < _DROPS * highest:
            return ()
        highest = max(highest, load)
    return intervals[: peak + 1]


def _breaks(broken: Sequence[bool]) -> int | None:
    """Return the point from which on (nearly) every point is broken, None if there is none.

    Enough points before it must have held.
    """
    starts: list[int] = []
    bad = 0
    for i in range(len(broken) - 1, -1, -1):
        bad += broken[i]
        if broken[i] and bad >= _STAYS_BROKEN * (len(broken) - i):
            starts.append(i)
    if not starts or len(broken) - starts[-1] < _FEWEST_BROKEN:
        return None
    at = starts[-1]
    before = broken[:at]
    return at if before.count(False) >= _FEWEST_HELD and sum(before) <= _HELD_BEFORE * at else None


def _load(case: Case, point: Interval) -> str:
    planned = point.load or 0.0
    if case.load.unit == "VUs":
        vus = "1 VU" if planned == 1 else f"{number(planned, 2)} VUs"
        return f"{vus} ({number(point.iterations_per_s, 3)} iterations/s)"
    return f"{number(planned, 3)} iterations/s planned ({number(point.iterations_per_s, 3)} achieved)"


def _most(case: Case, low: Interval, high: Interval) -> str:
    """Say where the capacity lies, from the loads when the objective held and when it broke."""
    if _borne(case, high) <= _ALIKE * _borne(case, low):
        return "it is about the most that it can sustain"
    return f"between that and {_argument(case, high)} lies the most that it can sustain"


def _argument(case: Case, point: Interval, share: float = 1.0) -> str:
    """Return the load of `point` as an argument."""
    borne = share * _borne(case, point)
    return f"vus {max(1, round(borne))}" if case.load.unit == "VUs" else f"rate_per_s {number(borne, 2)}"


def _borne(case: Case, point: Interval) -> float:
    """Return the load of `point` that the target sustained.

    For a rate that is the achieved rate, since what piled up was not sustained.
    """
    load = point.load or 0.0
    return load if case.load.unit == "VUs" else min(load, point.iterations_per_s)
