"""Timelines with fewer intervals: what is counted stays exact."""

import pytest

from k6_mcp.analysis.measure.shorter_timelines import condense, ever_smaller
from k6_mcp.models.timeline import Series, Timeline
from lab.sample_runs import record
from tests.analysis.measure.records import long_record


def _timeline(seconds: int, scenarios: int = 2) -> Timeline:
    built = record(long_record(seconds, scenarios)).timeline()
    assert built is not None
    return built


def _sums(series: Series) -> tuple[int, int, int]:
    return sum(series.requests), sum(series.failed), sum(series.iterations)


def _same_counts(one: Timeline, other: Timeline) -> bool:
    assert _sums(one.total) == _sums(other.total)
    assert (sum(one.unanswered), sum(one.dropped)) == (sum(other.unanswered), sum(other.dropped))
    for errors, others in zip(one.errors, other.errors, strict=True):
        assert (errors.code, sum(errors.counts)) == (others.code, sum(others.counts))
    for scenario, another in zip(one.scenarios, other.scenarios, strict=True):
        assert (scenario.name, _sums(scenario.series)) == (another.name, _sums(another.series))
        assert sum(scenario.dropped) == sum(another.dropped)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 7, 60, 100, 199])
def test_merged_intervals_keep_every_sum_and_the_whole_time(most: int) -> None:
    timeline = _timeline(200)
    merged = condense(timeline, most)
    assert 0.5 * most <= len(merged.ends_s) <= most
    assert merged.seconds == timeline.seconds
    assert _same_counts(timeline, merged)
    assert Timeline.model_validate(merged.model_dump()) == merged


def test_merged_latency_lies_within_that_of_the_intervals() -> None:
    timeline = _timeline(50)
    merged = condense(timeline, 10)
    assert merged.total.max_ms[0] == max(value for value in timeline.total.max_ms[:6] if value is not None)
    for column in ("avg_ms", "p50_ms", "p95_ms"):
        values = [value for value in getattr(timeline.total, column)[:6] if value is not None]
        assert min(values) <= getattr(merged.total, column)[0] <= max(values)
    assert 0 in merged.estimated


def test_a_timeline_that_fits_is_left_as_it_is() -> None:
    timeline = _timeline(5)
    assert condense(timeline, 6) is timeline


def test_every_smaller_version_counts_the_same() -> None:
    timeline = _timeline(40)
    versions = [*ever_smaller(timeline)]
    assert versions[0] is timeline
    assert len(versions[-1].ends_s) == 1
    assert all(_same_counts(timeline, version) for version in versions)
    sizes = [len(version.model_dump_json()) for version in versions]
    assert sizes == sorted(sizes, reverse=True)
