"""Rules about a load that grows: where an objective broke, and where latency begins to climb."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from k6_mcp.analysis.findings import limiter
from k6_mcp.analysis.findings.case import Case, Interval, merged
from k6_mcp.analysis.numbers.confidence import above, unlike_chance
from k6_mcp.analysis.numbers.tests import bend, blocks
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.thresholds import parse
from k6_mcp.models.wording import number, percent

# The highest load against the lowest: less is no ramp
_GROWS = 1.5
_NEAR_PEAK = 0.95
# Of the load before: a ramp that falls in between is none
_DROPS = 0.9
_FEWEST_POINTS = 8
_REQUESTS_PER_POINT = 20
_FEWEST_BROKEN = 3
_FEWEST_HELD = 3
_STAYS_BROKEN = 0.9
# At most this share of the points before may be broken
_HELD_BEFORE = 0.25
_MOST_POINTS = 40
_KNEE_ERROR_LEFT = 0.5
_KNEE_STEEPER = 4.0
_KNEE_TIMES = 2.0
_KNEE_MS = 20.0
_STILL_FLAT = (
    # Of the whole climb: between stairs of load the two lines meet before the last one that was held
    0.1
)
# Points
_HALF_SURE_AT = 1.5
# Loads that do not differ more were the same: what the target bears, in intervals of a second
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


class Objective(NamedTuple):
    """One objective as it can be held against an interval: `column` of Interval must not exceed `limit`."""

    column: str
    limit: float
    own: bool

    @property
    def text(self) -> str:
        """It in words."""
        if self.column == "error_rate":
            return f"errors <= {percent(self.limit)}"
        return f"{self.column.removesuffix('_ms')} <= {number(self.limit)} ms"

    @property
    def metric(self) -> str:
        """k6's metric."""
        return "http_req_failed" if self.column == "error_rate" else "http_req_duration"

    def broken(self, interval: Interval) -> bool:
        """Return whether an interval breaks it."""
        return (getattr(interval, self.column) or 0.0) > self.limit


def objectives(case: Case) -> list[Objective]:
    """Return the run's own thresholds on latency and errors; for what it has none, the limits of the
    settings.
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
    """On a ramp, the load at which an objective broke and stayed broken, and the last load that held."""
    points = merged(_rising(case), _REQUESTS_PER_POINT)
    breaks = [
        (at, objective)
        for objective in objectives(case)
        if (at := _breaks([objective.broken(point) for point in points])) is not None
    ]
    if not breaks:
        return
    at, objective = min(breaks, key=lambda found: found[0])
    held = max(
        (point for point in points[:at] if not objective.broken(point)), key=lambda point: point.load or 0.0
    )
    first, others = points[at], [other.text for _, other in breaks if other is not objective]
    observed = getattr(first, objective.column)
    # What piled up may let less be achieved where it broke
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
        + (f"; broke too: {', '.join(others)}" if others else ""),
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
    """On a ramp, the load from which on latency climbs: the bend of a two-segment fit of the median latency
    over the load.
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
    found = bend([x for x, _ in points], [y for _, y in points])
    top_ms = max(y for _, y in points[-3:])
    if (
        found is None
        or found.error_left > _KNEE_ERROR_LEFT
        or found.after <= _KNEE_STEEPER * max(found.before, 0.0)
    ):
        return
    flat_ms = max(found.y, min(y for _, y in points))
    if top_ms < max(_KNEE_TIMES * flat_ms, flat_ms + _KNEE_MS):
        return
    near_ms = flat_ms + _STILL_FLAT * (top_ms - flat_ms)
    held = [
        x
        for x, _ in takewhile(
            lambda point: point[1] <= near_ms, (point for point in points if point[0] >= found.x)
        )
    ]
    at = max(held, default=found.x)
    knee = min(rising, key=lambda point: abs((point.load or 0.0) - at))
    yield Finding(
        id="latency_knee",
        severity="warning",
        confidence=unlike_chance(found.error_left + 1 / len(points) ** 2),
        message=(
            f"latency climbs from {_load(case, knee)} on: about {number(flat_ms, 2)} ms at the median up to"
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
    """Return the intervals up to the highest load, none if the load does not grow or falls in between."""
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
    """Return from where on (nearly) every point is broken, after enough that held; None if there is no such
    place.
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
    asked = point.load or 0.0
    if case.load.unit == "VUs":
        vus = "1 VU" if asked == 1 else f"{number(asked, 2)} VUs"
        return f"{vus} ({number(point.iterations_per_s, 3)} iterations/s)"
    return f"{number(asked, 3)} iterations/s asked ({number(point.iterations_per_s, 3)} achieved)"


def _most(case: Case, low: Interval, high: Interval) -> str:
    """Say where the capacity lies, of the loads that were borne when the objective held and when it broke."""
    if _borne(case, high) <= _ALIKE * _borne(case, low):
        return "it is about the most it can bear"
    return f"between that and {_argument(case, high)} lies the most it can bear"


def _argument(case: Case, point: Interval, share: float = 1.0) -> str:
    """Return the load of `point` as an argument."""
    borne = share * _borne(case, point)
    return f"vus {max(1, round(borne))}" if case.load.unit == "VUs" else f"rate_per_s {number(borne, 2)}"


def _borne(case: Case, point: Interval) -> float:
    """Return the load of `point`: of a rate what was achieved, since what piles up was not borne."""
    load = point.load or 0.0
    return load if case.load.unit == "VUs" else min(load, point.iterations_per_s)
