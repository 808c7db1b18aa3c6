"""What passes a gate, and what does not: no doubt passes."""

from collections.abc import Sequence
from typing import get_args

import pytest

from k6_mcp.analysis.many.gate import judge_gate
from k6_mcp.models.comparison import Change, Comparison, MetricChange
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.gate import GateOutcome, GatePolicy
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.run import Notice, Run
from k6_mcp.reports.gate_report import GATE_EXIT_CODES
from tests.history.samples import a_run

PLAIN = GatePolicy()
_BREACHED: set[FailureKind] = {
    "thresholds_exceeded",
    "target_unreachable",
    "target_failing",
    "load_not_delivered",
}


def compared(change: Change) -> Comparison:
    """Return a comparison with one metric."""
    metric = MetricChange(metric="p95_ms", unit="ms", change=change)
    return Comparison(
        baseline=("r-1",), candidate=("r-2",), change=change, sentence=f"{change}: p95", metrics=(metric,)
    )


def outcome(
    runs: Run | Sequence[Run],
    comparison: Comparison | None = None,
    policy: GatePolicy = PLAIN,
    trouble: Sequence[str] = (),
) -> GateOutcome:
    """Return what a gate says."""
    return judge_gate([runs] if isinstance(runs, Run) else runs, comparison, policy, trouble).outcome


def without_thresholds() -> Run:
    """Return a run that completed and asserted nothing."""
    run = a_run()
    assert run.metrics is not None
    return run.model_copy(update={"metrics": run.metrics.model_copy(update={"thresholds": ()})})


def with_threshold(*, ok: bool, has_samples: bool) -> Run:
    """Return a run that says it completed, with such a threshold."""
    threshold = ThresholdResult(
        metric="m", expression="p(95)<1", ok=ok, observed=None, has_samples=has_samples
    )
    run = a_run()
    assert run.metrics is not None
    return run.model_copy(update={"metrics": run.metrics.model_copy(update={"thresholds": (threshold,)})})


def test_a_run_whose_thresholds_held_passes() -> None:
    assert outcome(a_run()) == "passed"


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_failure_is_a_breach_or_an_error(kind: FailureKind) -> None:
    result = judge_gate([a_run(status="failed", failure_kind=kind)], None, GatePolicy())

    assert result.outcome == ("breached" if kind in _BREACHED else "errored")
    assert kind in result.reasons[0]


@pytest.mark.parametrize(
    "run", [a_run(status="cancelled"), a_run(status="lost"), a_run(status="running"), a_run(status="queued")]
)
def test_a_run_that_is_not_whole_cannot_be_judged(run: Run) -> None:
    assert outcome(run) == "errored"
    assert outcome(run, compared("improved"), GatePolicy(allow_nothing_asserted=True)) == "errored"


@pytest.mark.parametrize(
    "run",
    [
        a_run(status="running").model_copy(update={"metrics": None}),
        a_run(status="failed", failure_kind="script_error").model_copy(update={"metrics": None}),
    ],
)
def test_of_a_run_that_is_not_measured_yet_or_never_was_nothing_is_said_about_thresholds(run: Run) -> None:
    result = judge_gate([run], None, PLAIN)

    assert result.outcome == "errored"
    assert len(result.reasons) == 1
    assert "asserted" not in result.reasons[0]


def test_a_pass_counts_the_thresholds_in_words() -> None:
    assert judge_gate([with_threshold(ok=True, has_samples=True)], None, PLAIN).reasons == (
        "1 threshold held",
    )
    assert judge_gate([with_threshold(ok=True, has_samples=True)] * 2, None, PLAIN).reasons == (
        "1 threshold held in each of 2 runs",
    )


@pytest.mark.parametrize("code", ["figures_incomplete", "thresholds_not_judged"])
def test_a_run_of_which_only_a_part_was_seen_or_judged_does_not_pass(code: str) -> None:
    run = a_run().model_copy(
        update={"warnings": (Notice(code=code, message="the time series ends 5.1 s before k6 did"),)}
    )
    result = judge_gate([run], compared("improved"), PLAIN)

    assert result.outcome == "errored"
    assert result.reasons == (f"{code}: the time series ends 5.1 s before k6 did",)


def test_a_failure_without_a_kind_and_a_run_without_figures_cannot_be_judged() -> None:
    assert outcome(a_run(status="failed")) == "errored"
    assert outcome(a_run().model_copy(update={"metrics": None})) == "errored"


@pytest.mark.parametrize(
    ("ok", "has_samples", "said"),
    [(True, False, "errored"), (False, False, "errored"), (False, True, "breached")],
)
def test_a_threshold_that_did_not_hold_never_passes_whatever_the_status_says(
    ok: bool, has_samples: bool, said: str
) -> None:
    assert outcome(with_threshold(ok=ok, has_samples=has_samples)) == said


def test_nothing_asserted_passes_only_where_it_is_allowed_or_a_comparison_asserts() -> None:
    run = without_thresholds()

    assert outcome(run) == "errored"
    assert outcome(run, policy=GatePolicy(allow_nothing_asserted=True)) == "passed"
    assert outcome(run, compared("no_evidence")) == "passed"
    assert outcome(run, compared("regressed"), GatePolicy(allow_nothing_asserted=True)) == "regressed"


def test_nothing_asserted_of_a_run_that_received_nothing_is_no_pass_even_where_it_is_allowed() -> None:
    run = without_thresholds()
    assert run.metrics is not None
    figures = run.metrics.figures.model_copy(update={"requests": 0, "data_received_bytes": 0})
    silent = run.model_copy(update={"metrics": run.metrics.model_copy(update={"figures": figures})})

    assert outcome(silent, policy=GatePolicy(allow_nothing_asserted=True)) == "errored"
    assert outcome(silent, compared("no_evidence")) == "passed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("improved", "passed"),
        ("no_evidence", "passed"),
        ("regressed", "regressed"),
        ("not_comparable", "not_comparable"),
    ],
)
def test_the_comparison_decides_over_a_run_that_holds(change: Change, said: str) -> None:
    assert outcome(a_run(), compared(change)) == said


def test_a_comparison_that_compared_nothing_is_none() -> None:
    empty = compared("no_evidence").model_copy(update={"metrics": ()})
    refused = compared("no_evidence").model_copy(update={"metrics": compared("not_comparable").metrics})

    assert (outcome(a_run(), empty), outcome(a_run(), refused)) == ("not_comparable", "not_comparable")


def test_a_comparison_that_could_not_see_latency_does_not_pass() -> None:
    rate = MetricChange(metric="error_rate", unit="share", change="no_evidence", effect_high=0.01)
    few = MetricChange(
        metric="p95_ms", unit="ms", change="not_comparable", reason="a run has 26 requests, 100 are needed"
    )
    noisy = MetricChange(
        metric="p95_ms", unit="ms", change="no_evidence", effect=0.1, effect_low=-0.9, effect_high=1.5
    )
    sharp = MetricChange(
        metric="med_ms", unit="ms", change="no_evidence", effect=0.1, effect_low=-0.2, effect_high=0.3
    )

    said = [
        judge_gate([a_run()], compared("no_evidence").model_copy(update={"metrics": (rate, *others)}), PLAIN)
        for others in ([few], [noisy], [noisy, sharp], [few, sharp], [])
    ]

    assert [result.outcome for result in said] == [
        "not_comparable",
        "not_comparable",
        "passed",
        "passed",
        "passed",
    ]
    assert "26 requests" in said[0].reasons[0]
    assert "2.5 times" in said[1].reasons[0]


def test_a_run_that_failed_by_itself_is_told_as_that_whatever_the_comparison_says() -> None:
    failed = a_run(status="failed", failure_kind="thresholds_exceeded")

    result = judge_gate([failed], compared("regressed"), GatePolicy())

    assert result.outcome == "breached"
    assert result.reasons[1] == "regressed: p95"
    assert outcome(failed, None, GatePolicy(runs=3), ["no comparison"]) == "breached"


def test_a_baseline_that_is_required_and_missing_or_unreadable_does_not_pass() -> None:
    assert outcome(a_run(), None, GatePolicy(require_baseline=True)) == "errored"
    assert (
        outcome(a_run(), None, trouble=["no comparison with the baseline: the database is locked"])
        == "errored"
    )


def test_every_repeat_must_hold_and_be_there() -> None:
    good, bad = a_run(), a_run(1, status="failed", failure_kind="thresholds_exceeded")

    assert outcome([good, good, good], policy=GatePolicy(runs=3)) == "passed"
    assert outcome([good, bad, good], policy=GatePolicy(runs=3)) == "breached"
    assert outcome([good, good], policy=GatePolicy(runs=3)) == "errored"
    assert judge_gate([good, bad], None, GatePolicy()).run_id == bad.run_id


def test_every_outcome_has_an_exit_code_of_its_own() -> None:
    assert set(GATE_EXIT_CODES) == set(get_args(GateOutcome))
    assert len(set(GATE_EXIT_CODES.values())) == len(GATE_EXIT_CODES)
    assert [name for name, code in GATE_EXIT_CODES.items() if code == 0] == ["passed"]
