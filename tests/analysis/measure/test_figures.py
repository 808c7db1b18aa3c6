"""The key figures of a run without load."""

from k6_mcp.analysis.measure.breakdown import Breakdown
from k6_mcp.analysis.measure.figures import Basis, key_figures
from lab.sample_runs import outcome


def test_without_load_rates_are_0() -> None:
    basis = Basis(load_s=0.0, wall_s=0.0, requests_outside=0, most_vus=None)

    figures = key_figures({}, Breakdown(0, (), (), 0), outcome(), basis)

    assert (figures.requests_per_s, figures.iterations_per_s) == (0.0, 0.0)
    assert (figures.error_rate, figures.latency) == (None, None)
