"""The grammar of thresholds: k6's own, and the same for everything that reads one."""

from collections.abc import Mapping, Sequence

import pytest

from k6_mcp.advice.facts import facts_of
from k6_mcp.analysis.findings.case import Case
from k6_mcp.analysis.findings.ramp import Objective, objectives
from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.metrics import ThresholdResult
from k6_mcp.models.thresholds import Threshold, headroom, parse
from k6_mcp.reports.run_view import page_data, threshold_row
from k6_mcp.scripts.thresholds import aggregation, url_thresholds
from lab.sample_reports import timeline, view
from lab.sample_runs import metrics, run
from tests.models.threshold_spellings import LENIENT, REFUSED, SPELLINGS

_EVERY = (*SPELLINGS, *LENIENT)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("p(99.9) <= 500.5", Threshold("p(99.9)", "<=", 500.5)),
        (" rate > 0.99 ", Threshold("rate", ">", 0.99)),
        ("count>=10", Threshold("count", ">=", 10)),
        ("value===3", Threshold("value", "===", 3)),
        ("med==1e3", Threshold("med", "==", 1000)),
        ("avg!=-1", Threshold("avg", "!=", -1)),
        ("avg<-.5e-3", Threshold("avg", "<", -0.0005)),
        ("min<1_000", Threshold("min", "<", 1000)),
        ("max<0x1p4", Threshold("max", "<", 16)),
        ("max<Inf", Threshold("max", "<", float("inf"))),
        ("p<1", Threshold("p(0)", "<", 1)),
        ("p(inf)<1", None),
        ("p(nan)<1", None),
        ("max<0x1p5000", None),
    ],
)
def test_expressions_are_read_as_k6_reads_them(expression: str, expected: Threshold | None) -> None:
    assert parse(expression) == expected


@pytest.mark.parametrize("expression", REFUSED)
def test_what_k6_refuses_is_no_threshold(expression: str) -> None:
    assert parse(expression) is None
    assert headroom(expression, 1.0) is None


@pytest.mark.parametrize(
    ("expression", "below", "equal", "above"),
    [
        ("avg<5", True, False, False),
        ("avg<=5", True, True, False),
        ("avg>5", False, False, True),
        ("avg>=5", False, True, True),
        ("avg==5", False, True, False),
        ("avg===5", False, True, False),
        ("avg!=5", True, False, True),
        ("avg<NaN", False, False, False),
    ],
)
def test_each_operator_holds_where_k6_says_so(expression: str, below: bool, equal: bool, above: bool) -> None:
    threshold = parse(expression)
    assert threshold is not None
    assert (threshold.holds(4.9), threshold.holds(5), threshold.holds(5.1)) == (below, equal, above)


@pytest.mark.parametrize("limit", ["Inf", "-inf", "NaN", "0"])
def test_a_limit_without_a_size_leaves_no_headroom(limit: str) -> None:
    assert headroom(f"avg<{limit}", 5.0) is None


def _result(expression: str, metric: str = "http_req_duration") -> ThresholdResult:
    return ThresholdResult(metric=metric, expression=expression, ok=True, observed=400.0, has_samples=True)


@pytest.mark.parametrize("expression", _EVERY)
def test_every_reader_sees_the_threshold_in_every_spelling(expression: str) -> None:
    """Judgement, headroom, chart, objective of a ramp, facts for a model and the preset's objective."""
    judged = run(metrics=metrics(_result(expression)))
    drawn = page_data(view(judged, timeline())).charts
    facts = facts_of(judged, explain(judged))

    assert parse(expression) in (Threshold("p(95)", "<", 500), Threshold("p(95)", "<=", 500))
    assert threshold_row(_result(expression)).headroom == pytest.approx(0.2)
    assert drawn is not None and [line.value for line in drawn.limits] == [500.0]
    assert objectives(Case(judged, None, FindingLimits()))[0] == Objective("p95_ms", 500.0, own=True)
    assert any(fact.value == 500.0 for fact in facts.numbers)
    assert aggregation(expression) == "p(95)"
    own: Mapping[str, Sequence[str]] = {"http_req_duration": [expression]}
    asked = parse_load_test({"url": "http://127.0.0.1/", "thresholds": own})
    assert url_thresholds(asked)["http_req_duration"] == ["avg<=2000", expression.strip()]


@pytest.mark.parametrize("expression", REFUSED)
def test_no_reader_sees_a_threshold_where_there_is_none(expression: str) -> None:
    judged = run(metrics=metrics(_result(expression)))
    drawn = page_data(view(judged, timeline())).charts

    assert threshold_row(_result(expression)).headroom is None
    assert drawn is not None and drawn.limits == ()
    assert not any(one.own for one in objectives(Case(judged, None, FindingLimits())))
    assert not any(fact.value == 500.0 for fact in facts_of(judged, explain(judged)).numbers)
