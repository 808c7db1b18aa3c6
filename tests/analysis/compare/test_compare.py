"""What a comparison says of sides whose truth is known."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from k6_mcp.analysis.compare.compare import compare
from k6_mcp.analysis.compare.side import Side, no_baseline, unusable
from k6_mcp.models.comparison import Comparison, MetricChange
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import Figures
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Asked, Run, Status
from k6_mcp.models.timeline import Series, Timeline
from tests.analysis.compare.synthetic import Service, a_plan, a_run, figures

SERVICE = Service(rate_per_s=40)


def sides(service: Service, runs: int = 3, seed: int = 1) -> list[Side]:
    return service.sides(random.Random(seed), runs)


def changed(side: Sequence[Side], **fields: object) -> list[Side]:
    """Return the side with fields of its runs replaced."""
    return [replace(one, run=one.run.model_copy(update=fields)) for one in side]


def row(found: Comparison, metric: str) -> MetricChange:
    return next(row for row in found.metrics if row.metric == metric)


def test_a_slower_candidate_regressed_by_about_what_it_is_slower() -> None:
    found = compare(sides(SERVICE), sides(replace(SERVICE, median_ms=90), seed=2))

    p95 = row(found, "p95_ms")
    assert (found.change, p95.change) == ("regressed", "regressed")
    assert p95.effect_low is not None and p95.effect_high is not None
    assert 0 < p95.effect_low < 0.5 < p95.effect_high
    assert found.sentence.startswith("regressed: p95 ") and "(3 runs against 3)" in found.sentence


def test_fast_failures_are_no_improvement() -> None:
    failing = replace(SERVICE, errors=0.7, error_ms=2)

    found = compare(sides(SERVICE), sides(failing, seed=2))

    assert (found.change, row(found, "error_rate").change, row(found, "med_ms").change) == (
        "regressed",
        "regressed",
        "not_comparable",
    )
    assert "fast failures" in (row(found, "med_ms").reason or "")
    assert not any(metric.change == "improved" for metric in found.metrics)


def test_mending_fast_failures_is_no_regression_of_latency() -> None:
    failing = replace(SERVICE, errors=0.7, error_ms=2)

    found = compare(sides(failing), sides(SERVICE, seed=2))

    assert (found.change, row(found, "error_rate").change, row(found, "med_ms").change) == (
        "improved",
        "improved",
        "not_comparable",
    )


def test_latency_under_half_the_load_is_not_compared() -> None:
    found = compare(sides(SERVICE), sides(replace(SERVICE, delivered=0.5, median_ms=30), seed=2))

    assert (found.change, row(found, "requests_per_s").change, row(found, "p95_ms").change) == (
        "regressed",
        "regressed",
        "not_comparable",
    )
    assert [(item.what, item.blocking) for item in found.differences] == [("achieved load", True)]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"script_sha256": "1" * 64}, "script"),
        ({"plan": a_plan(41)}, "load"),
        ({"plan": None}, "load"),
        ({"k6_version": "1.2.0"}, "k6 version"),
        ({"asked": Asked(origin="preset", url="http://127.0.0.1:1/")}, "target"),
    ],
)
def test_what_differs_beside_the_figures_is_named_and_refused(fields: dict[str, object], what: str) -> None:
    found = compare(sides(SERVICE), changed(sides(SERVICE, seed=2), **fields))

    assert (found.change, found.metrics) == ("not_comparable", ())
    assert (found.differences[0].what, found.differences[0].blocking) == (what, True)
    assert found.sentence.startswith(f"not comparable: the two sides differ in {what}: ")


def test_a_patch_release_of_k6_and_other_variables_are_compared() -> None:
    found = compare(
        sides(SERVICE),
        changed(sides(SERVICE, seed=2), k6_version="1.1.9", asked=Asked(origin="text", env_names=("A",))),
    )

    assert found.change == "no_evidence"
    assert [(item.what, item.blocking) for item in found.differences] == [("env", False)]


def test_tags_and_thresholds_of_a_generated_script_are_no_other_test() -> None:
    first = Asked(origin="preset", url="http://127.0.0.1:1/", method="GET")
    second = first.model_copy(update={"thresholds": {"http_reqs": ("rate>1",)}})

    found = compare(
        changed(sides(SERVICE), asked=first),
        changed(sides(SERVICE, seed=2), asked=second, script_sha256="2" * 64),
    )

    assert found.change == "no_evidence"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("running", None),
        ("cancelled", None),
        ("lost", None),
        ("failed", "target_unreachable"),
        ("failed", "script_error"),
    ],
)
def test_a_candidate_that_stands_for_no_whole_test_is_not_compared(
    status: Status, kind: FailureKind | None
) -> None:
    found = compare(sides(SERVICE), [Side(a_run(a_plan(), status=status, kind=kind))])

    assert (found.change, found.differences[0].what) == ("not_comparable", "status")


def test_a_test_that_ended_early_stands_for_no_whole_test() -> None:
    run = a_run(a_plan(50, 10), figures([10.0] * 20, 0, 4.0))

    assert unusable(run) == "its load ended after 4s of 10s"


def test_a_run_in_which_nothing_succeeded_is_no_baseline_but_a_candidate() -> None:
    run = a_run(a_plan(), figures([10.0] * 20, 20, 10), status="failed", kind="target_failing")

    assert unusable(run) is None
    assert no_baseline(run) == "none of its requests succeeded (target_failing)"


def test_a_repeat_that_cannot_be_used_is_left_out_and_named() -> None:
    candidate = sides(SERVICE, seed=2)
    broken = replace(candidate[1], run=candidate[1].run.model_copy(update={"status": "cancelled"}))

    found = compare(sides(SERVICE), [candidate[0], broken, candidate[2]])

    assert found.change == "no_evidence"
    assert len(found.candidate) == 2
    assert broken.run.run_id in found.notes[0]


def test_runs_without_a_timeline_are_compared_by_their_summaries() -> None:
    baseline, candidate = sides(SERVICE), sides(replace(SERVICE, median_ms=120), seed=2)

    found = compare(
        [replace(side, timeline=None) for side in baseline],
        [replace(side, timeline=None) for side in candidate],
    )

    assert found.change == "regressed"
    assert any("no timeline" in note for note in found.notes)


def test_single_runs_say_that_noise_between_runs_was_not_measured() -> None:
    found = compare(sides(SERVICE, 1), sides(SERVICE, 1, seed=2))

    assert any("repeat=3" in note for note in found.notes)


def test_earlier_runs_of_the_test_tell_how_much_it_varies() -> None:
    wild = [side.run for side in sides(replace(SERVICE, run_to_run=0.4), 12, seed=5)]
    baseline, candidate = sides(SERVICE, 1), sides(replace(SERVICE, median_ms=100), 1, seed=2)

    assert compare(baseline, candidate).change == "regressed"
    assert compare(baseline, candidate, wild).change == "no_evidence"


@pytest.mark.parametrize("count", [1, 5])
def test_too_few_requests_say_nothing_about_latency(count: int) -> None:
    few = [Side(a_run(a_plan(), figures([10.0] * count, 0, 10)))]
    many = [Side(a_run(a_plan(), figures([900.0] * count, 0, 10)))]

    found = compare(few, many)

    assert row(found, "p95_ms").change == "not_comparable"
    assert row(found, "p95_ms").reason == f"a run has {count} requests, 100 are needed"


def test_a_test_without_requests_is_compared_by_its_iterations() -> None:
    def side(per_s: float) -> list[Side]:
        run = Figures(wall_s=10, load_s=10, iterations=round(per_s * 10), iterations_per_s=per_s)
        return [Side(a_run(_closed(), run)) for _ in range(3)]

    found = compare(side(50), side(30))

    assert (found.change, [metric.metric for metric in found.metrics]) == ("regressed", ["iterations_per_s"])


def test_sides_without_any_figure_are_not_comparable() -> None:
    empty = [Side(a_run(_closed(), Figures(wall_s=10, load_s=10)))]

    assert compare(empty, empty).change == "not_comparable"


@pytest.mark.parametrize("timeline", ["empty", "one interval", "no figures"])
def test_a_timeline_that_tells_nothing_is_as_good_as_none(timeline: str) -> None:
    count = {"empty": 0, "one interval": 1, "no figures": 8}[timeline]
    nothing = (None,) * count
    total = Series(
        requests=(0,) * count,
        failed=(0,) * count,
        iterations=(0,) * count,
        avg_ms=nothing,
        p50_ms=nothing,
        p90_ms=nothing,
        p95_ms=nothing,
        p99_ms=nothing,
        max_ms=nothing,
    )
    zeros = (0,) * count
    ends = tuple(float(number + 1) for number in range(count))
    bare = Timeline(
        start_unix_ms=0, period_s=1, ends_s=ends, total=total, unanswered=zeros, dropped=zeros, vus=zeros
    )

    found = compare(
        [replace(side, timeline=bare) for side in sides(SERVICE)],
        [replace(side, timeline=bare) for side in sides(SERVICE, seed=2)],
    )

    assert found.change == "no_evidence"


def test_latencies_below_the_clock_are_no_regression() -> None:
    tiny = replace(SERVICE, median_ms=0.2)

    assert compare(sides(tiny), sides(replace(tiny, median_ms=0.4), seed=2)).change == "no_evidence"


def test_an_answer_stays_small_whatever_the_runs_are_called() -> None:
    long = Asked(origin="preset", url="http://127.0.0.1:1/" + "x" * 5000)
    found = compare(sides(SERVICE), changed(sides(SERVICE, seed=2), asked=long))

    assert len(found.model_dump_json()) < 4_000


def _closed() -> Plan:
    plan = a_plan()
    scenario = plan.scenarios[0].model_copy(update={"executor": "constant-vus", "rate_per_s": None})
    return plan.model_copy(update={"scenarios": (scenario,)})


def test_no_run_is_compared_before_it_is_final() -> None:
    run: Run = a_run(a_plan(), status="queued")

    assert unusable(run) == "it is still queued"


def closed_model(side: Side) -> Side:
    scenario = ScenarioPlan(name="default", executor="constant-vus", vus=2, max_vus=2, duration_s=10)
    assert side.run.plan is not None
    plan = side.run.plan.model_copy(update={"scenarios": (scenario,), "expected_iterations": None})
    return replace(side, run=side.run.model_copy(update={"plan": plan}))


def test_the_rate_of_single_runs_too_short_for_intervals_is_not_called() -> None:
    chance = random.Random(5)
    first, second = (
        closed_model(Service(delivered=share).side(chance, timeline=False)) for share in (1.0, 0.5)
    )
    alone = row(compare([first], [second]), "requests_per_s")
    again = row(compare([first] * 3, [second] * 3), "requests_per_s")
    assert (alone.change, again.change) == ("not_comparable", "regressed")
    assert "too short" in (alone.reason or "") and "repeat=3" in (alone.reason or "")


def test_one_request_more_or_less_in_a_tiny_run_is_chance() -> None:
    chance = random.Random(6)
    tiny = Service(rate_per_s=2, seconds=2)
    assert (
        row(
            compare([tiny.side(chance)], [replace(tiny, delivered=0.75).side(chance)]), "requests_per_s"
        ).change
        == "no_evidence"
    )
