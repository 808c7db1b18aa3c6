"""A timeline with fewer or shorter numbers: neighbouring intervals merged, latencies of scenarios rounded."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from k6_mcp.analysis.numbers.quantiles import merged
from k6_mcp.models.timeline import Numbers, ScenarioSeries, Series, Timeline

LATENCY: Mapping[str, str] = {
    "avg_ms": "avg",
    "p50_ms": "med",
    "p90_ms": "p(90)",
    "p95_ms": "p(95)",
    "p99_ms": "p(99)",
    "max_ms": "max",
}
_SCENARIO_DIGITS = (4, 3)

_Groups = Sequence[tuple[int, int]]


def latency_at(series: Series, index: int) -> dict[str, float]:
    """Return what is known of an interval's latency, by k6's names."""
    values = ((name, getattr(series, column)[index]) for column, name in LATENCY.items())
    return {name: value for name, value in values if value is not None}


def condense(timeline: Timeline, most: int) -> Timeline:
    """Return `timeline` with at most `most` intervals: neighbours merged, equally many each time.

    Counts are summed, averages weighted, `max` is the largest; percentiles are estimated by adding the
    intervals' distributions (see `quantiles`), so merged intervals are `estimated`. VUs are those at the end.
    """
    length = len(timeline.ends_s)
    if length <= most:
        return timeline
    each = ceil(length / most)
    groups = [(start, min(start + each, length)) for start in range(0, length, each)]
    estimated = frozenset(timeline.estimated)
    answered = [n - lost for n, lost in zip(timeline.total.requests, timeline.unanswered, strict=True)]
    return timeline.changed(
        period_s=timeline.period_s * each,
        ends_s=tuple(timeline.ends_s[end - 1] for _, end in groups),
        total=_series(timeline.total, groups, answered),
        unanswered=_sums(timeline.unanswered, groups),
        dropped=_sums(timeline.dropped, groups),
        vus=tuple(timeline.vus[end - 1] for _, end in groups),
        errors=tuple(error.changed(counts=_sums(error.counts, groups)) for error in timeline.errors),
        scenarios=tuple(_scenario(scenario, groups) for scenario in timeline.scenarios),
        estimated=tuple(
            number
            for number, (start, end) in enumerate(groups)
            if end - start > 1 or not estimated.isdisjoint(range(start, end))
        ),
        rest=timeline.rest and groups[-1][1] - groups[-1][0] == 1,
    )


def ever_smaller(timeline: Timeline) -> Iterator[Timeline]:
    """Yield `timeline`, then versions that take less and less room; totals stay exact, counts always."""
    yield timeline
    for digits in _SCENARIO_DIGITS if timeline.scenarios else ():
        timeline = timeline.changed(
            scenarios=tuple(
                scenario.changed(series=_rounded(scenario.series, digits)) for scenario in timeline.scenarios
            )
        )
        yield timeline
    while len(timeline.ends_s) > 1:
        timeline = condense(timeline, ceil(len(timeline.ends_s) / 2))
        yield timeline


def _scenario(scenario: ScenarioSeries, groups: _Groups) -> ScenarioSeries:
    dropped = _sums(scenario.dropped, groups) if scenario.dropped else ()
    return ScenarioSeries(
        name=scenario.name, series=_series(scenario.series, groups, scenario.series.requests), dropped=dropped
    )


def _series(series: Series, groups: _Groups, answered: Sequence[int]) -> Series:
    latency: dict[str, list[float | None]] = {column: [] for column in LATENCY}
    for start, end in groups:
        values = merged((answered[index], latency_at(series, index)) for index in range(start, end))
        for column, name in LATENCY.items():
            latency[column].append(float(f"{values[name]:.5g}") if name in values else None)
    return Series(
        requests=_sums(series.requests, groups),
        failed=_sums(series.failed, groups),
        iterations=_sums(series.iterations, groups),
        **{column: tuple(values) for column, values in latency.items()},
    )


def _sums(counts: Sequence[int], groups: _Groups) -> tuple[int, ...]:
    return tuple(sum(counts[start:end]) for start, end in groups)


def _rounded(series: Series, digits: int) -> Series:
    def column(values: Numbers) -> Numbers:
        return tuple(None if value is None else float(f"{value:.{digits}g}") for value in values)

    return series.changed(**{name: column(getattr(series, name)) for name in LATENCY})
