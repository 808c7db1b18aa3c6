"""A run of browsers shows its pages and web vitals in every report.

A run without browsers shows none of them.
"""

from collections.abc import Callable, Mapping

import pytest
from rich.console import Console

from k6_mcp.advice.facts import facts_of
from k6_mcp.analysis.compare.compare import compare
from k6_mcp.analysis.compare.side import Side
from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.answers.run import run_answer
from k6_mcp.frontends.cli.verdict import verdict
from k6_mcp.models.headline import headline
from k6_mcp.models.metrics import BrowserFigures, LiveFigures, StatusCount, WebVital
from k6_mcp.models.plan import ScenarioPlan
from k6_mcp.models.run import Run
from k6_mcp.reports.html import render_html
from k6_mcp.reports.markdown import run_markdown
from lab.sample_reports import view
from lab.sample_runs import metrics, outcome, plan, run, threshold

_FOUND = BrowserFigures(
    requests=120,
    requests_per_s=6.0,
    failed_requests=3,
    error_rate=0.025,
    med_ms=18.0,
    p95_ms=173.8,
    max_ms=400.0,
    data_received_bytes=9000,
    documents=(StatusCount(status=200, count=38), StatusCount(status=503, count=2)),
    page_loads=40,
    web_vitals=(
        WebVital(name="LCP", p75_ms=4321.0, rating="poor", good_to=2500.0, poor_above=4000.0, loads=40),
        WebVital(name="CLS", p75_score=0.0712, rating="good", good_to=0.1, poor_above=0.25, loads=40),
    ),
)
_PAGES = run(
    metrics=metrics(threshold(), requests=0, error_rate=None, latency=None, more={"browser": _FOUND}),
    plan=plan(),
)
_BESIDE = run(metrics=metrics(threshold(), more={"browser": _FOUND}), plan=plan())
_OTHER = run(metrics=metrics(threshold()), plan=plan())


def _terminal(shown: Run) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(verdict(run_answer(shown)))
    return captured.get()


_TOLD: Mapping[str, Callable[[Run], str]] = {
    "answer": lambda shown: run_answer(shown).model_dump_json(exclude_none=True),
    "terminal": _terminal,
    "markdown": lambda shown: run_markdown(view(shown, None)).decode(),
    "html": lambda shown: render_html(view(shown, None)),
    "explanation": lambda shown: "\n".join(explain(shown).observations),
}


@pytest.mark.parametrize("told", _TOLD.values(), ids=_TOLD.keys())
@pytest.mark.parametrize("shown", [_PAGES, _BESIDE], ids=["pages alone", "beside requests"])
def test_pages_and_web_vitals_are_told(told: Callable[[Run], str], shown: Run) -> None:
    text = told(shown)
    assert all(part in text for part in ("120", "503", "LCP", "poor", "CLS", "0.0712"))


@pytest.mark.parametrize("told", _TOLD.values(), ids=_TOLD.keys())
def test_nothing_of_them_is_told_without_browsers(told: Callable[[Run], str]) -> None:
    assert not any(word in told(_OTHER) for word in ("LCP", "web_vitals", "age requests", "rowser"))


def test_the_headline_is_about_pages_where_there_is_nothing_else() -> None:
    pages = "120 page requests at 6/s, p95 174 ms, 2.5 % failed, LCP p75 4321 ms (poor)"
    assert headline(_PAGES) == f"completed: {pages}; its threshold held"
    assert headline(_BESIDE).startswith("completed: 100 requests at 40/s") and pages in headline(_BESIDE)


def test_a_running_test_of_browsers_does_not_tell_of_no_requests() -> None:
    live = LiveFigures(
        elapsed_s=3,
        percent=50,
        vus=1,
        iterations=2,
        requests=0,
        requests_per_s=0.0,
        p95_ms=None,
        error_rate=None,
    )
    scenario = ScenarioPlan(name="ui", executor="constant-vus", max_vus=1, browser=True)
    running = run("running", live=live, plan=plan(scenarios=(scenario,)))
    assert headline(running) == "running 3s (50 %), 1 VU, 2 iterations"
    assert "0 requests" in headline(running.model_copy(update={"plan": plan()}))


def test_units_stand_in_the_names_and_a_score_has_none() -> None:
    answer = run_answer(_PAGES).browser
    assert answer is not None
    lcp, cls = (vital.model_dump(exclude_none=True) for vital in answer.web_vitals)
    assert (lcp["p75_ms"], "p75_score" in lcp) == (4321.0, False)
    assert (cls["p75_score"], "p75_ms" in cls) == (0.0712, False)


def test_a_model_is_given_the_web_vitals_as_numbers() -> None:
    given = facts_of(_PAGES, explain(_PAGES)).computed
    assert given["web_vitals"] and given["browser"]
    assert "browser" not in facts_of(_OTHER, explain(_OTHER)).computed


def test_no_request_is_told_of_where_only_browsers_made_any_and_advice_is_about_pages() -> None:
    bare = _PAGES.model_copy(
        update={"metrics": metrics(requests=0, error_rate=None, latency=None, more={"browser": _FOUND})}
    )
    assert not [text for text in explain(bare).observations if "0 requests" in text]
    told = {notice.code: notice.message for notice in judge(outcome(0), bare.metrics, None).warnings}
    assert "browser_http_req_failed" in told["nothing_asserted"] and "slo" not in told["nothing_asserted"]


def test_a_comparison_says_that_pages_are_not_compared() -> None:
    side = (Side(_PAGES, None),)
    assert any("web vitals are not compared" in note for note in compare(side, side).notes)
