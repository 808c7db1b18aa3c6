"""A run over time, from the snapshots of k6's record (see `record`).

Snapshots are gathered in columns as they arrive; `build` makes a `Timeline` of them. Counts are k6's own. A
snapshot has only the share of failed requests, truncated to five digits; with fewer than 100,000 requests in
an interval, exactly one whole number fits it. Whatever the final figures count beyond all snapshots is the
last interval.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite, nan
from typing import NamedTuple

from k6_mcp.analysis.measure.intervals import (
    COUNTS,
    NO_POINT,
    Point,
    Rows,
    failed_by_code,
    failed_of,
    point_of,
    scenario_names,
    shares_of_failed,
    unanswered_by_code,
    vus_of,
)
from k6_mcp.models.timeline import ErrorSeries, ScenarioSeries, Series, Timeline

# k6 widens its period long before it writes this many
_MOST_INTERVALS = 20_000
_MOST_SCENARIOS = 20
_MOST_CODES = 20
_CODES_TOLD_APART = 100
_STATISTICS = {
    "avg_ms": "avg",
    "p50_ms": "med",
    "p90_ms": "p(90)",
    "p95_ms": "p(95)",
    "p99_ms": "p(99)",
    "max_ms": "max",
}
_LEAST_S = 0.001
_LONGEST_S = 1e8


class _Columns:
    """The intervals of one scenario, or of all."""

    def __init__(self, length: int = 0) -> None:
        self.counts = [array("q", bytes(8 * length)) for _ in COUNTS]
        self.latency = [array("d", [nan]) * length for _ in _STATISTICS]

    def add(self, point: Point) -> None:
        for column, count in zip(self.counts, point.counts, strict=True):
            column.append(count)
        for column, statistic in zip(self.latency, _STATISTICS.values(), strict=True):
            column.append(point.latency.get(statistic, nan))

    def with_last(self, point: Point | None) -> "_Columns":
        whole = _Columns()
        whole.counts = [column[:] for column in self.counts]
        whole.latency = [column[:] for column in self.latency]
        if point is not None:
            whole.add(point)
        return whole

    def beyond(self, final: Point) -> Point:
        """Return what `final` counts beyond these intervals; its latency only if there are none."""
        requests, failed, *others = (
            max(n - sum(column), 0) for n, column in zip(final.counts, self.counts, strict=True)
        )
        return Point((requests, min(failed, requests), *others), {} if len(self.counts[0]) else final.latency)

    def series(self, failed: int | None = None) -> Series:
        """Return the columns except `dropped`; `failed` is the sum that failed requests must have."""
        requests, failures, iterations = ([*column] for column in self.counts[:3])
        if failed is not None:
            _reconcile(failures, requests, failed)
        latency = {
            name: [_known(value) for value in column]
            for name, column in zip(_STATISTICS, self.latency, strict=True)
        }
        return Series.model_validate(
            {"requests": requests, "failed": failures, "iterations": iterations, **latency}
        )

    @property
    def dropped(self) -> tuple[int, ...]:
        return tuple(self.counts[3])


class _Rest(NamedTuple):
    """The interval after the last snapshot."""

    total: Point
    scenarios: Mapping[str, Point]
    unanswered: int
    vus: int
    errors: Mapping[int, int]
    estimated: bool


class TimelineBuilder:
    """Takes snapshots one by one; `end_s` must rise.

    Memory grows with the intervals, up to a bound.
    """

    def __init__(self) -> None:
        self._ends = array("d")
        self._total = _Columns()
        self._scenarios: dict[str, _Columns] = {}
        self._unanswered = array("q")
        self._vus = array("q")
        self._errors: dict[int, dict[int, int]] = {}
        self._estimated: list[int] = []

    def snapshot(self, rows: Rows, end_s: float) -> None:
        """Take an interval.

        Raises:
            ValueError: If there are more or later intervals than any k6 record has; the last interval then
                counts for them.
        """
        if (index := len(self._ends)) >= _MOST_INTERVALS or end_s > _LONGEST_S:
            raise ValueError(f"more than {_MOST_INTERVALS} intervals, or {_LONGEST_S:g} s")
        unanswered = unanswered_by_code(rows)
        total, estimated = point_of(rows, "", unanswered, 1.0)
        points: dict[str, Point] = {}
        for name, share in shares_of_failed(rows, scenario_names(rows)).items():
            if name in self._scenarios or len({*self._scenarios, *points}) < _MOST_SCENARIOS:
                points[name], _ = point_of(rows, f"{{scenario:{name}}}", unanswered, share)
        self._ends.append(end_s)
        self._total.add(total)
        for name in points:
            self._scenarios.setdefault(name, _Columns(index))
        for name, columns in self._scenarios.items():
            columns.add(points.get(name, NO_POINT))
        self._unanswered.append(sum(count for _, count in unanswered))
        self._vus.append(vus_of(rows, self._vus[-1] if index else -1))
        for code, count in self._known_codes(failed_by_code(rows)).items():
            self._errors.setdefault(code, {})[index] = count
        if estimated:
            self._estimated.append(index)

    def build(self, final: Rows, seconds: float, about: "About") -> Timeline | None:
        """Return everything so far, None if there is nothing.

        `final` are the figures since the start, after `seconds`.
        """
        if not len(self._ends) and not final:
            return None
        rest = self._rest(final)
        failed = about.failed
        if failed is None and final:
            failed = max(failed_of(final, ""), sum(self._total.counts[1]))
        ends = (*self._ends, *((max(min(seconds, _LONGEST_S), self._last_s() + _LEAST_S),) if rest else ()))
        # In that case the figures since the start are the figures of the interval
        first = rest is not None and len(ends) == 1
        total = self._total.with_last(rest.total if rest else None)
        return Timeline(
            start_unix_ms=about.start_ms,
            period_s=about.period_s,
            load_start_s=about.load_start_s,
            ends_s=ends,
            total=total.series(failed),
            unanswered=(*self._unanswered, *((rest.unanswered,) if rest else ())),
            dropped=total.dropped,
            vus=tuple(None if vus < 0 else vus for vus in (*self._vus, *((rest.vus,) if rest else ()))),
            errors=tuple(self._error_series(rest.errors if rest else {}, len(ends))),
            scenarios=tuple(self._scenario_series(rest, total)),
            estimated=(*self._estimated, *((0,) if first and rest and rest.estimated else ())),
            rest=rest is not None and not first,
            complete=about.complete,
        )

    def _rest(self, final: Rows) -> _Rest | None:
        """Return what `final` counts beyond the snapshots."""
        unanswered = unanswered_by_code(final)
        total, estimated = point_of(final, "", unanswered, 1.0)
        total = self._total.beyond(total)
        if not any(total.counts):
            return None
        scenarios: dict[str, Point] = {}
        names = dict.fromkeys((*self._scenarios, *scenario_names(final)))
        for name, share in shares_of_failed(final, [*names][:_MOST_SCENARIOS]).items():
            point, _ = point_of(final, f"{{scenario:{name}}}", unanswered, share)
            scenarios[name] = self._scenarios.get(name, _Columns(len(self._ends))).beyond(point)
        errors: dict[int, int] = {}
        for code, count in self._known_codes(failed_by_code(final)).items():
            if (beyond := count - sum(self._errors.get(code, {}).values())) > 0:
                errors[code] = beyond
        return _Rest(
            total=total,
            scenarios=scenarios,
            unanswered=max(sum(count for _, count in unanswered) - sum(self._unanswered), 0),
            vus=vus_of(final, self._vus[-1] if len(self._vus) else -1),
            errors=errors,
            estimated=estimated,
        )

    def _last_s(self) -> float:
        return self._ends[-1] if len(self._ends) else 0.0

    def _known_codes(self, counts: Mapping[int, int]) -> Mapping[int, int]:
        """Return the codes that are counted separately, and code 0 for all that came after them."""
        known: dict[int, int] = {}
        for code, count in counts.items():
            if code not in self._errors and len({*self._errors, *known}) >= _CODES_TOLD_APART:
                code = 0
            known[code] = known.get(code, 0) + count
        return known

    def _scenario_series(self, rest: _Rest | None, total: _Columns) -> Iterable[ScenarioSeries]:
        late = {
            name: _Columns(len(self._ends))
            for name in (rest.scenarios if rest else ())
            if name not in self._scenarios
        }
        columns = {**self._scenarios, **late}
        wholes = {
            name: columns[name].with_last(rest.scenarios.get(name, NO_POINT) if rest else None)
            for name in sorted(columns)
        }
        if len(wholes) > 1 or any(whole.counts[0] != total.counts[0] for whole in wholes.values()):
            for name, whole in wholes.items():
                yield ScenarioSeries(name=name, series=whole.series(), dropped=whole.dropped)

    def _error_series(self, last: Mapping[int, int], length: int) -> Iterable[ErrorSeries]:
        """Yield the most frequent codes, most frequent first; the others together as code 0."""
        by_code = {code: {**self._errors.get(code, {})} for code in {*self._errors, *last}}
        for code, count in last.items():
            by_code[code][length - 1] = count
        ranked = sorted(
            (code for code in by_code if code), key=lambda code: (-sum(by_code[code].values()), code)
        )
        others: dict[int, int] = by_code.pop(0, {})
        for code in ranked[_MOST_CODES:]:
            for index, count in by_code[code].items():
                others[index] = others.get(index, 0) + count
        for code, counts in (*((code, by_code[code]) for code in ranked[:_MOST_CODES]), (0, others)):
            if counts:
                yield ErrorSeries(code=code, counts=tuple(counts.get(index, 0) for index in range(length)))


class About(NamedTuple):
    """More facts for a timeline; `failed` is the exact number of failed requests, if known."""

    start_ms: float
    period_s: float
    load_start_s: float
    complete: bool
    failed: int | None = None


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _reconcile(failed: list[int], requests: Sequence[int], total: int) -> None:
    """Make `failed` add up to `total` if possible.

    The last interval is changed first, then those with the most requests.
    """
    missing = total - sum(failed)
    order = sorted(
        range(len(failed)),
        key=lambda index: inf if index == len(failed) - 1 else requests[index],
        reverse=True,
    )
    for index in order if missing else ():
        change = min(max(missing, -failed[index]), requests[index] - failed[index])
        failed[index] += change
        missing -= change
