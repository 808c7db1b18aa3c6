import pytest

from k6_mcp.models.plan import StagePlan
from lab.sample_runs import metrics, threshold
from lab.sample_timelines import Second, open_, ramp_of_rate, ramp_of_vus, timeline
from tests.analysis.findings.found import found


def _climbing(i: int) -> Second:
    """Flat up to second 15, then 30 ms more every second."""
    return Second(p50_ms=20 if i < 15 else 20 + 30 * (i - 14))


def test_the_load_at_which_a_threshold_broke_is_told_with_the_last_that_held() -> None:
    measured = metrics(threshold("p(95)<200"))

    finding = found(timeline(30, _climbing), ramp_of_vus(30, 60), measured)["slo_break_point"]

    assert finding.severity == "critical"
    assert "p95 <= 200 ms broke at 37 VUs" in finding.message
    assert "the last load that held was 35 VUs" in finding.message
    first, held = finding.evidence
    assert (first.from_s, first.limit, held.to_s) == (18.0, 200.0, 18.0)
    # Twelve points are broken, half a certainty at 1.5 of them; the highest p95 is 752 ms
    assert finding.confidence == pytest.approx(12 / 13.5 * (1 - 200 / (2 * 752)))


def test_without_thresholds_the_limits_are_the_objective_and_breaking_them_is_a_warning() -> None:
    finding = found(timeline(30, _climbing), ramp_of_rate(), metrics(), p95_ms=200, avg_ms=100)[
        "slo_break_point"
    ]

    assert finding.severity == "warning" and "planned" in finding.message


def test_errors_that_begin_at_some_load_are_a_break_point_of_the_error_rate() -> None:
    whole = timeline(30, lambda i: Second(failed=20 if i >= 20 else 0))

    assert "errors <= 5 % broke at" in found(whole, ramp_of_vus())["slo_break_point"].message


@pytest.mark.parametrize(
    ("most", "broke_at", "advice"),
    [
        (
            50,
            20,
            "with rate_per_s 50 for a minute or more should hold; it is about the most that it can sustain",
        ),
        (
            999,
            8,
            (
                "with rate_per_s 32 for a minute or more should hold; between that and rate_per_s 36 lies the"
                " most that it can sustain"
            ),
        ),
    ],
)
def test_a_rate_of_which_no_more_was_achieved_when_the_objective_broke_is_the_capacity(
    most: int, broke_at: int, advice: str
) -> None:
    def piling(i: int) -> Second:
        return Second(requests=min(round(11.5 + 3 * i), most + i % 2), p50_ms=20 if i < broke_at else 400)

    finding = found(timeline(30, piling), ramp_of_rate(), metrics(threshold("p(95)<200")))["slo_break_point"]

    assert advice in finding.recommendation


def test_an_objective_that_breaks_for_a_moment_has_no_break_point() -> None:
    whole = timeline(30, lambda i: Second(p50_ms=500 if 10 <= i < 13 else 20))

    assert "slo_break_point" not in found(whole, ramp_of_vus(), metrics(threshold("p(95)<200")))


@pytest.mark.parametrize(("broken", "breaks"), [(2, False), (3, True)])
def test_a_break_point_needs_three_broken_points(broken: int, breaks: bool) -> None:
    whole = timeline(30, lambda i: Second(p50_ms=500 if i >= 30 - broken else 20))

    findings = found(whole, ramp_of_vus(), metrics(threshold("p(95)<200")))

    assert ("slo_break_point" in findings) == breaks


@pytest.mark.parametrize(("before", "breaks"), [(5, True), (6, False)])
def test_at_most_a_quarter_of_the_points_before_a_break_point_are_broken(before: int, breaks: bool) -> None:
    whole = timeline(30, lambda i: Second(p50_ms=500 if i >= 20 or 2 <= i < 2 + before else 20))

    findings = found(whole, ramp_of_vus(), metrics(threshold("p(95)<200")))

    assert ("slo_break_point" in findings) == breaks


def test_an_objective_that_never_held_has_no_break_point() -> None:
    assert "slo_break_point" not in found(
        timeline(30, lambda _: Second(p50_ms=500)), ramp_of_vus(), metrics(threshold("p(95)<200"))
    )


def test_constant_load_has_no_break_point_and_no_knee() -> None:
    assert (
        not {"slo_break_point", "latency_knee"}
        & found(timeline(30, _climbing), open_(), metrics(threshold("p(95)<200"))).keys()
    )


@pytest.mark.parametrize("unit", ["VUs", "iterations/s"])
def test_the_load_from_which_latency_climbs_is_the_knee(unit: str) -> None:
    plan = ramp_of_vus(30, 60) if unit == "VUs" else ramp_of_rate(30, 60, first=1)

    finding = found(timeline(30, _climbing), plan)["latency_knee"]

    assert unit in finding.message
    at = float(finding.message.split("climbs from ")[1].split()[0])
    assert 26 <= at <= 34


def test_the_latency_of_a_knee_has_two_and_three_digits() -> None:
    whole = timeline(30, lambda i: Second(p50_ms=23.456 if i < 15 else 23.456 + 4.321 * (i - 14)))

    finding = found(whole, ramp_of_vus(30, 60))["latency_knee"]

    assert "the median is about 23 ms up to there, 88.3 ms at 59" in finding.message


def test_a_stair_of_load_that_was_held_lies_below_the_knee() -> None:
    stairs = ((0, 1, 1, 5), (1, 6, 5, 5), (6, 7, 5, 10), (7, 13, 10, 10), (13, 14, 10, 20), (14, 20, 20, 20))
    stages = tuple(
        StagePlan(start_s=a, duration_s=b - a, from_target=first, target=last) for a, b, first, last in stairs
    )
    (ramp,) = ramp_of_vus(20, 20).scenarios
    plan = ramp_of_vus(20, 20).model_copy(update={"scenarios": (ramp.model_copy(update={"stages": stages}),)})

    finding = found(timeline(20, lambda i: Second(p50_ms=25 if i < 13 else 150)), plan)["latency_knee"]

    assert "latency climbs from 10 VUs" in finding.message and "vus 8," in finding.recommendation


def test_latency_that_grows_evenly_with_the_load_has_no_knee() -> None:
    assert "latency_knee" not in found(timeline(30, lambda i: Second(p50_ms=20 + 3 * i)), ramp_of_vus())


def test_a_bend_of_a_few_milliseconds_is_no_knee() -> None:
    assert "latency_knee" not in found(
        timeline(30, lambda i: Second(p50_ms=2 if i < 15 else 2 + 0.3 * (i - 15))), ramp_of_vus()
    )
