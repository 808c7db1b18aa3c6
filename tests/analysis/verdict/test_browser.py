"""The verdicts on figures of browsers; runs with a real Chromium are in tests/chromium."""

from collections.abc import Mapping

import pytest

from k6_mcp.analysis.measure.browser import browser_figures
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.metrics import BrowserFigures, MetricRow, Metrics
from k6_mcp.models.outcome import BrowserStart, LogMessage, Outcome
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Failure
from lab.sample_runs import metrics, outcome, plan, said, threshold

_PLAN = plan(scenarios=(ScenarioPlan(name="ui", executor="shared-iterations", max_vus=1, browser=True),))
_ERROR_PAGE = "browser_web_vital_ttfb{url:chrome-error://chromewebdata/}"


def _rows(**values: Mapping[str, float]) -> dict[str, MetricRow]:
    return {
        name: MetricRow(name=name, type="trend", contains="default", values=row)
        for name, row in values.items()
    }


def _pages(*by_status: tuple[int, int]) -> dict[str, MetricRow]:
    return _rows(
        **{
            f"browser_http_req_failed{{resource_type:Document,status:{status}}}": {
                "passes": count if status >= 400 else 0,
                "fails": count if status < 400 else 0,
            }
            for status, count in by_status
        }
    )


def _answered(passes: int, fails: int) -> dict[str, MetricRow]:
    return _rows(
        browser_data_sent={"count": 900},
        browser_data_received={"count": 2000},
        browser_http_req_failed={"passes": passes, "fails": fails, "rate": passes / (passes + fails)},
        browser_http_req_duration={
            "avg": 20,
            "med": 18,
            "max": 40,
            "p(90)": 30,
            "p(95)": 35,
            "p(99)": 39,
            "count": passes + fails,
        },
    )


_UNANSWERED = _rows(browser_data_sent={"count": 370})


def _measured(found: BrowserFigures | None, **more: object) -> Metrics:
    return metrics(requests=0, error_rate=None, latency=None, more={"browser": found, **more})


def _failure(ended: Outcome, figures: Metrics, planned: Plan = _PLAN) -> Failure:
    verdict = judge(ended, figures, planned)
    assert verdict.failure is not None, verdict
    return verdict.failure


def _codes(figures: Metrics, planned: Plan = _PLAN) -> dict[str, str]:
    return {notice.code: notice.message for notice in judge(outcome(0), figures, planned).warnings}


def test_a_run_without_browsers_has_no_figures_of_them() -> None:
    assert browser_figures(_rows(http_reqs={"count": 5}), {}, 1.0) is None
    idle = _rows(browser_http_req_failed={"passes": 0, "fails": 0, "rate": 0}, browser_data_sent={"count": 0})
    assert browser_figures(idle, {}, 1.0) is None


def test_requests_failures_and_latency_are_those_of_browsers() -> None:
    found = browser_figures(_answered(1, 3), _pages((200, 2), (503, 1)), 2.0)
    assert found is not None
    assert (found.requests, found.failed_requests, found.error_rate, found.requests_per_s) == (
        4,
        1,
        0.25,
        2.0,
    )
    assert (found.med_ms, found.p95_ms, found.max_ms) == (18, 35, 40)
    assert [(row.status, row.count) for row in found.documents] == [(200, 2), (503, 1)]


def test_the_time_series_alone_tells_the_rate_but_neither_counts_nor_p75() -> None:
    rows = _rows(
        browser_http_req_failed={"rate": 0.5},
        browser_http_req_duration={"avg": 20, "med": 18, "max": 40, "p(95)": 35},
        browser_data_received={"count": 10},
        browser_web_vital_lcp={"avg": 20, "med": 18, "p(95)": 35},
    )
    found = browser_figures(rows, None, 2.0)
    assert found is not None and found.answered
    assert (found.requests, found.failed_requests, found.error_rate, found.p95_ms, found.web_vitals) == (
        None,
        None,
        0.5,
        35,
        (),
    )


def test_requests_of_which_k6_does_not_say_whether_they_failed_are_counted() -> None:
    rows = _rows(
        browser_http_req_duration={"avg": 6, "med": 6, "max": 6, "count": 1},
        browser_data_received={"count": 94},
    )
    found = browser_figures(rows, {}, 1.0)
    assert found is not None and found.answered
    assert (found.requests, found.failed_requests, found.error_rate) == (1, None, None)


@pytest.mark.parametrize(
    ("vital", "p75", "rating"),
    [
        ("lcp", 2500, "good"),
        ("lcp", 2501, "needs improvement"),
        ("lcp", 4001, "poor"),
        ("inp", 200, "good"),
        ("inp", 501, "poor"),
        ("cls", 0.1, "good"),
        ("cls", 0.2, "needs improvement"),
        ("cls", 0.26, "poor"),
        ("fcp", 1800, "good"),
        ("ttfb", 801, "needs improvement"),
        ("fid", 301, "poor"),
    ],
)
def test_a_web_vital_is_rated_by_its_75th_percentile(vital: str, p75: float, rating: str) -> None:
    rows = {**_answered(0, 4), **_rows(**{f"browser_web_vital_{vital}": {"p(75)": p75, "count": 3}})}
    found = browser_figures(rows, {}, 1.0)
    assert found is not None
    (told,) = found.web_vitals
    assert (told.name, told.rating, told.loads) == (vital.upper(), rating, 3)
    assert (told.p75_score if vital == "cls" else told.p75_ms) == p75
    assert (told.p75_ms if vital == "cls" else told.p75_score) is None


def test_nothing_answered_is_unreachable_before_it_is_an_exception() -> None:
    found = browser_figures(_UNANSWERED, {}, 1.0)
    thrown = metrics(requests=0, error_rate=None, latency=None, iterations_thrown=10, more={"browser": found})
    failure = _failure(outcome(0), thrown)
    assert (failure.kind, "script_error" in failure.also) == ("target_unreachable", True)


def test_chromiums_own_error_page_is_no_answer_and_has_no_web_vitals() -> None:
    loads = _rows(
        browser_web_vital_ttfb={"p(75)": 2, "count": 3}, browser_web_vital_lcp={"p(75)": 300, "count": 3}
    )
    found = browser_figures({**_UNANSWERED, **loads}, _rows(**{_ERROR_PAGE: {"count": 3}}), 1.0)
    assert found is not None
    assert (found.answered, found.page_loads, found.error_pages, found.web_vitals) == (False, 3, 3, ())
    assert "3 page loads showed Chromium's own error page" in _failure(outcome(0), _measured(found)).message


def test_a_page_whose_samples_came_too_late_was_answered_all_the_same() -> None:
    loads = _rows(browser_web_vital_ttfb={"p(75)": 20, "count": 1})
    found = browser_figures({**_UNANSWERED, **loads}, {}, 1.0)
    assert found is not None and found.answered
    assert judge(outcome(0), _measured(found), _PLAN).status == "completed"


def test_some_error_pages_are_a_warning() -> None:
    rows = {**_answered(0, 4), **_rows(browser_web_vital_ttfb={"p(75)": 20, "count": 4})}
    codes = _codes(_measured(browser_figures(rows, _rows(**{_ERROR_PAGE: {"count": 1}}), 1.0)))
    assert codes["pages_unanswered"].startswith("1 of 4 page loads showed Chromium's own error page")


@pytest.mark.parametrize(
    ("passes", "fails", "pages", "message"),
    [
        (2, 6, ((500, 2),), "not one of 2 pages was loaded with success: 2x HTTP 500"),
        (1, 6, ((302, 1), (404, 1)), "not one of 2 pages was loaded with success: 1x HTTP 302, 1x HTTP 404"),
        (1, 0, ((503, 1),), "the only page was not loaded with success: 1x HTTP 503"),
        (3, 0, (), "not one of 3 browser requests was successful"),
    ],
)
def test_pages_that_all_failed_are_a_failing_target(
    passes: int, fails: int, pages: tuple[tuple[int, int], ...], message: str
) -> None:
    failure = _failure(outcome(0), _measured(browser_figures(_answered(passes, fails), _pages(*pages), 1.0)))
    assert (failure.kind, failure.message) == ("target_failing", message)


@pytest.mark.parametrize("pages", [((200, 1), (500, 3)), ((304, 2),), ((302, 2),), ()])
def test_one_page_that_was_loaded_is_no_failing_target(pages: tuple[tuple[int, int], ...]) -> None:
    figures = _measured(browser_figures(_answered(3, 6), _pages(*pages), 1.0))
    assert judge(outcome(0), figures, _PLAN).status == "completed"
    assert _codes(figures)["pages_failed"].startswith(
        "3 of 9 browser requests (33.3 %) failed and no threshold covers that"
    )


def test_failed_pages_are_those_from_status_400_on() -> None:
    def message(*pages: tuple[int, int]) -> str:
        return _codes(_measured(browser_figures(_answered(3, 6), _pages(*pages), 1.0)))["pages_failed"]

    assert message((200, 1), (400, 1)).endswith("covers that: pages 1x HTTP 200, 1x HTTP 400")
    assert message((200, 1), (399, 1)).endswith("covers that")


@pytest.mark.parametrize(
    "metric", ["browser_http_req_failed", "browser_http_req_failed{resource_type:Document}", "checks"]
)
def test_who_asks_about_failures_decides_on_them(metric: str) -> None:
    figures = _measured(browser_figures(_answered(9, 1), _pages((500, 9)), 1.0)).model_copy(
        update={"thresholds": (threshold(metric=metric),)}
    )
    assert judge(outcome(0), figures, _PLAN).status == "completed"
    assert "pages_failed" not in _codes(figures)


def test_thresholds_on_protocol_metrics_are_sent_to_those_of_browsers() -> None:
    empty = threshold(metric="http_req_duration", has_samples=False)
    figures = _measured(browser_figures(_answered(0, 9), {}, 1.0)).model_copy(update={"thresholds": (empty,)})
    failure = _failure(outcome(0), figures)
    assert failure.kind == "no_samples" and "browser_http_req_duration" in failure.hint


def test_browsers_that_requested_nothing_measured_nothing() -> None:
    figures = _measured(None)
    assert "requested nothing" in _failure(outcome(0), figures).message
    assert judge(outcome(0), figures, plan()).status == "completed"
    checked = figures.model_copy(update={"figures": figures.figures.model_copy(update={"checks_passed": 1})})
    assert judge(outcome(0), checked, _PLAN).status == "completed"


def test_protocol_traffic_decides_and_browsers_are_a_warning() -> None:
    for rows, pages, code in (
        (_UNANSWERED, (), "pages_unanswered"),
        (_answered(2, 2), ((500, 2),), "pages_failed"),
    ):
        figures = metrics(threshold(), more={"browser": browser_figures(rows, _pages(*pages), 1.0)})
        assert judge(outcome(0), figures, _PLAN).status == "completed"
        assert code in _codes(figures)


_START = "error building browser on IterStart: "
_ROOT = (
    "launching browser: Running as root without --no-sandbox is not supported. See https://crbug.com/638180."
)
_AT = " at default (file:///runs/r-1/script.js:3:16(0))"
_ENDED = "launching browser: browser process ended unexpectedly"


@pytest.mark.parametrize(
    ("why", "again", "message", "hint"),
    [
        (
            _ROOT,
            BrowserStart("Running as root without --no-sandbox is not supported.", "H1"),
            "Running as root",
            "H1",
        ),
        (_ROOT, None, "Running as root", "K6_MCP_BROWSER_ARGS=no-sandbox"),
        (_ENDED, BrowserStart("libnss3.so: cannot open shared object file", "H2"), "libnss3.so", "H2"),
        (_ENDED, BrowserStart("", ""), "ended unexpectedly", "K6_MCP_BROWSER_TIMEOUT"),
        (_ENDED, None, "ended unexpectedly", "check_health"),
        (
            "launching browser: getting browser: timed out after 30s",
            None,
            "timed out after 30s",
            "K6_MCP_BROWSER_TIMEOUT",
        ),
        (
            (
                "finding browser executable: k6 couldn't detect google chrome or a chromium-supported browser"
                " on the given path: /opt/x/chrome"
            ),
            None,
            "on the given path",
            "K6_MCP_BROWSER_PATH",
        ),
        (
            (
                "finding browser executable: k6 couldn't detect google chrome or a chromium-supported browser"
                " on this system"
            ),
            None,
            "couldn't detect",
            "install Chromium or Chrome",
        ),
    ],
)
def test_a_browser_that_did_not_start_is_told_with_its_reason_and_the_setting_for_it(
    why: str, again: BrowserStart | None, message: str, hint: str
) -> None:
    ended = outcome(108, log=said(_START + why + _AT))._replace(browser=again)
    failure = _failure(ended, metrics(requests=0, iterations=0, latency=None, error_rate=None))
    assert failure.kind == "script_error"
    assert failure.message.startswith("k6 could not start a browser: ") and message in failure.message
    assert hint in failure.hint
    assert ("install" in failure.hint) == ("on this system" in why)
    assert "script.js" not in failure.message and "/opt/x" not in str(failure)


@pytest.mark.parametrize(("why", "is_shown"), [(_ENDED, True), (_ROOT, False)])
def test_what_the_browser_prints_is_evidence_unless_k6_repeats_it(why: str, is_shown: bool) -> None:
    again = BrowserStart("libnss3.so: cannot open shared object file", "H")
    ended = outcome(108, log=said(_START + why + _AT))._replace(browser=again)
    failure = _failure(ended, metrics(requests=0, iterations=0, latency=None, error_rate=None))

    own = f'the browser, when started again: "{again.said}"'
    assert failure.evidence[0].startswith("k6: ")
    assert failure.evidence[1:2] == ((own,) if is_shown else ())
    assert (again.said in failure.message) is is_shown


_RACED = LogMessage(
    "error", "Uncaught (in promise) browser not found in registry. make sure to set browser type option", 1
)
_THREW = metrics(requests=0, iterations=1, iterations_thrown=1, latency=None, error_rate=None)


def test_an_iteration_that_went_on_without_its_browser_is_told_by_why_there_was_none() -> None:
    again = BrowserStart("libnss3.so: cannot open shared object file", "install the library")
    failure = _failure(outcome(0, log=said(None, _RACED))._replace(browser=again), _THREW)
    assert (failure.kind, failure.message) == (
        "script_error",
        f'k6 could not start a browser: "{again.said}"',
    )
    assert failure.hint.startswith("install the library")


@pytest.mark.parametrize("again", [None, BrowserStart("", "")])
def test_a_script_that_asks_for_a_browser_where_it_has_none_is_its_own_fault(
    again: BrowserStart | None,
) -> None:
    failure = _failure(outcome(0, log=said(None, _RACED))._replace(browser=again), _THREW)
    assert failure.message == "the only iteration ended in an exception"
    assert "browser type option" in failure.evidence[0]


def test_a_test_that_ended_before_its_browser_had_started_says_so() -> None:
    unfinished = metrics(requests=0, iterations=0, iterations_interrupted=1, latency=None, error_rate=None)
    failure = _failure(outcome(0)._replace(browser=BrowserStart("", "")), unfinished)
    assert (failure.kind, "the browser had not started when the test ended" in failure.message) == (
        "no_samples",
        True,
    )
    assert "make the test longer" in failure.hint
