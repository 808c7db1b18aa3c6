from dataclasses import replace

import pytest

from k6_mcp.models.findings import Finding
from k6_mcp.models.plan import Plan
from lab.sample_runs import metrics, threshold
from lab.sample_timelines import QUIET, Describe, Second, closed, open_, ramp_of_rate, timeline
from tests.analysis.findings.found import found

_EACH = metrics(threshold(), requests=1800, iterations=1800)


def _overloaded(i: int) -> Second:
    """60 iterations a second end of 120 that start, so that each takes half a second more every second."""
    return Second(requests=60, p50_ms=100 + 500 * i, vus=20 + 60 * i)


def _told(describe: Describe, plan: Plan | None = None, seconds: int = 30) -> Finding | None:
    planned = plan or open_(seconds, 120, vus=9000)
    return found(timeline(seconds, describe), planned, _EACH, avg_ms=1e9, p95_ms=1e9).get("load_piling_up")


def test_a_rate_that_is_not_answered_is_told_with_what_is_answered_and_how_vus_grew() -> None:
    finding = _told(_overloaded)

    assert finding and finding.severity == "warning" and finding.confidence == 0.99
    assert "iterations piled up from 2 s on: 120 per s were started and about 60 ended" in finding.message
    assert "VUs in use grew from 140 to 1760, the median latency from 1100 to 14600 ms" in finding.message
    assert "rate_per_s 54 should hold" in finding.recommendation


def test_a_line_that_dissolves_is_told_with_its_begin_and_end() -> None:
    def spike(i: int) -> Second:
        if 10 <= i < 18:
            return replace(_overloaded(i - 10), requests=60)
        return (
            Second(requests=160, p50_ms=4000 - 300 * (i - 18), vus=480)
            if 18 <= i < 30
            else Second(requests=120)
        )

    finding = _told(spike, seconds=40)

    assert finding and "iterations piled up from 10 s to 18 s" in finding.message


def test_latency_that_grows_because_of_a_line_is_no_drift() -> None:
    told = found(timeline(30, _overloaded), open_(30, 120, vus=9000), _EACH)

    assert "load_piling_up" in told and "latency_drift" not in told


def test_a_rate_that_was_not_delivered_says_it_better() -> None:
    dropping = metrics(threshold(), requests=1800, iterations=1800, iterations_dropped=600)
    told = found(
        timeline(30, lambda i: replace(_overloaded(i), dropped=20)), open_(30, 120, vus=9000), dropping
    )

    assert "load_not_delivered" in told and "load_piling_up" not in told


def test_a_ramp_with_a_break_point_says_it_better() -> None:
    def climbing(i: int) -> Second:
        behind = max(0, i - 12)
        return Second(requests=min(10 + 3 * i, 50), p50_ms=20 + 300 * behind, vus=5 + 2 * behind**2)

    plan = ramp_of_rate(30, 100)
    told = found(
        timeline(30, climbing), plan, metrics(threshold("p(95)<200"), requests=1200, iterations=1200)
    )

    assert "slo_break_point" in told and "load_piling_up" not in told
    # Its knee
    assert _told(climbing, plan) is None


def _slow_to_begin_with(i: int) -> Second:
    """Iterations of 8 s: nothing ends before the first has, then all do."""
    return replace(QUIET, vus=120 * min(i + 1, 8)) if i < 8 else Second(requests=120, p50_ms=8000, vus=960)


def _drifting(i: int) -> Second:
    return Second(requests=118, p50_ms=20 + 15 * i, vus=3 + 2 * i)


def _stalled(i: int) -> Second:
    return replace(QUIET, vus=120 * (i - 9)) if 10 <= i < 13 else Second(requests=480 if i == 13 else 120)


def _as_slow_as_before(i: int) -> Second:
    return Second(requests=90, p50_ms=20, vus=10 + 30 * i)


@pytest.mark.parametrize("describe", [_slow_to_begin_with, _drifting, _stalled, _as_slow_as_before])
def test_other_shortfalls_are_no_line(describe: Describe) -> None:
    assert _told(describe) is None


@pytest.mark.parametrize(("vus_per_s", "is_told"), [(36, True), (24, False)])
def test_at_least_half_of_what_did_not_end_is_seen_in_the_vus(vus_per_s: int, is_told: bool) -> None:
    finding = _told(lambda i: replace(_overloaded(i), vus=20 + vus_per_s * i))

    assert (finding is not None) == is_told


def test_a_closed_model_has_no_line_that_grows() -> None:
    assert _told(_overloaded, closed(30)) is None
