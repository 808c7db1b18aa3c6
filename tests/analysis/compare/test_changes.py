"""The noise of a single figure."""

import random

import pytest

from k6_mcp.analysis.compare import changes, intervals, noise
from k6_mcp.analysis.compare.changes import Estimate, Sides, estimate
from k6_mcp.analysis.compare.measures import LATENCIES, RATE, Measure
from tests.analysis.compare.synthetic import Service

_MEDIAN = next(measure for measure in LATENCIES if measure.name == "med_ms")


@pytest.mark.parametrize(
    ("measure", "read"),
    [(RATE, intervals.rates("requests")), (_MEDIAN, intervals.latencies("p50_ms"))],
    ids=["rate", "median"],
)
def test_noise_inside_runs_has_one_degree_of_freedom_less_than_batches(
    measure: Measure, read: intervals.Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    within: list[noise.Part] = []

    def combined(first: object, second: object, part: noise.Part, **facts: object) -> noise.Noise:
        within.append(part)
        return noise.combined(first, second, part, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(changes, "combined", combined)
    service = Service(rate_per_s=40)
    sides = Sides(service.sides(random.Random(1), 1), service.sides(random.Random(2), 1))
    differences = intervals.batch_differences(sides.baseline, sides.candidate, read)

    assert isinstance(estimate(measure, sides), Estimate)
    assert len(differences) > 2
    assert [part.df for part in within] == [len(differences) - 1]
