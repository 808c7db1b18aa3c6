"""The verdicts on runs of k6/browser, with a real Chromium, as root."""

import dataclasses
from collections.abc import Mapping
from functools import partial

import anyio
import pytest

from k6_mcp.answers.oneshot import answer_run
from k6_mcp.answers.run import run_answer
from k6_mcp.models.headline import headline
from k6_mcp.models.metrics import BrowserFigures
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings
from lab.target import Target, closed_port, open_target
from tests.chromium.pages import UNSANDBOXED, all_ended, beside_http, visiting

_SLOW_LCP = {"browser_web_vital_lcp": ["p(75)<60000"], "browser_http_req_failed": ["rate<0.01"]}


@dataclasses.dataclass(frozen=True)
class _Ended:
    runs: Mapping[str, Run]
    settings: Settings
    target: Target

    def failure(self, name: str) -> tuple[str, str]:
        run = self.runs[name]
        assert run.failure is not None, headline(run)
        return run.failure.kind, run.failure.message

    def browser(self, name: str) -> BrowserFigures:
        run = self.runs[name]
        assert run.metrics is not None and run.metrics.browser is not None, headline(run)
        return run.metrics.browser

    def warnings(self, name: str) -> Mapping[str, str]:
        return {notice.code: notice.message for notice in self.runs[name].warnings}


@pytest.fixture(scope="module")
def ended(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> _Ended:
    """Runs of every kind, made once for each k6; their folder has a long name, as test folders have."""
    folder = tmp_path_factory.mktemp("results-in-a-folder-with-a-name-of-some-length")
    settings = Settings(
        results_dir=folder, database=folder / "history.db", k6_bin=k6_bin, browser=UNSANDBOXED
    )
    dead = f"http://127.0.0.1:{closed_port()}/"
    with open_target() as target:
        nowhere = visiting("", then="await page.setContent('<h1>x</h1>');", iterations=1)
        half = f"await page.goto(__ITER % 2 ? '{dead}' : '{target.url('/page/200')}');"
        scripts = {
            "good": visiting(target.url("/page/200")),
            "dead": visiting(dead),
            "failing": visiting(target.url("/page/500")),
            "half": visiting("", then=half, iterations=2),
            "nowhere": nowhere,
            "beside failing": beside_http(target.url("/page/500"), target.url("/delay/1")),
            "beside dead": beside_http(dead, target.url("/delay/1")),
            "overridden": visiting(target.url("/page/200"), iterations=7),
        }
        more = {
            "good": {"thresholds": _SLOW_LCP},
            "dead": {"thresholds": {"browser_http_req_failed": ["rate<0.01"]}},
            "overridden": {"iterations": 1, "vus": 1, "override_load": True, "slo": {"error_rate": 0.01}},
        }
        runs = anyio.run(partial(all_ended, settings, scripts, more))
        return _Ended(runs, settings, target)


def test_a_good_run_tells_its_page_requests_and_web_vitals(ended: _Ended) -> None:
    run, found = ended.runs["good"], ended.browser("good")
    assert run.status == "completed", headline(run)
    assert headline(run).startswith(f"completed: {found.requests} page requests at ")
    assert "LCP p75 " in headline(run) and "0 requests" not in headline(run)
    assert found.requests and found.failed_requests == 0 and found.p95_ms
    assert {row.status for row in found.documents} == {200}
    vitals = {vital.name: vital for vital in found.web_vitals}
    assert {"LCP", "FCP", "TTFB", "CLS"} <= vitals.keys()
    assert vitals["LCP"].p75_ms and vitals["LCP"].p75_score is None and vitals["LCP"].rating == "good"
    assert vitals["CLS"].p75_ms is None and vitals["CLS"].p75_score is not None


def test_answers_of_every_kind_have_the_web_vitals(ended: _Ended) -> None:
    run = ended.runs["good"]
    answer = run_answer(run)
    assert answer.browser and answer.browser.web_vitals[0].name == "LCP"
    output = answer_run(run).output
    assert "browser_web_vital_lcp" in output and "p(75)=" in output
    assert {threshold.ok and threshold.has_samples for threshold in answer.thresholds} == {True}


def test_a_dead_target_is_unreachable_and_not_a_fault_of_the_script(ended: _Ended) -> None:
    kind, message = ended.failure("dead")
    assert (kind, message.startswith("no request of a browser got an answer in 2 iterations: ")) == (
        "target_unreachable",
        True,
    )
    assert "ERR_CONNECTION_REFUSED" in message or "error page" in message
    assert ended.browser("dead").web_vitals == ()
    failure = ended.runs["dead"].failure
    assert failure and "no_samples" in failure.also


def test_pages_that_all_fail_are_a_failing_target_although_their_images_do_not(ended: _Ended) -> None:
    kind, message = ended.failure("failing")
    assert (kind, "loaded with success" in message, "HTTP 500" in message) == ("target_failing", True, True)


def test_loads_that_got_no_answer_are_told_beside_those_that_did(ended: _Ended) -> None:
    assert ended.runs["half"].status == "completed"
    assert {"pages_unanswered", "iterations_threw"} & ended.warnings("half").keys()


def test_browsers_that_request_nothing_measure_nothing(ended: _Ended) -> None:
    assert ended.failure("nowhere") == ("no_samples", "the script's browsers requested nothing")


def test_protocol_traffic_decides_and_failing_pages_beside_it_are_a_warning(ended: _Ended) -> None:
    failing, dead = ended.runs["beside failing"], ended.runs["beside dead"]
    assert (failing.status, dead.status) == ("completed", "completed")
    assert "HTTP 500" in ended.warnings("beside failing")["pages_failed"]
    assert ended.warnings("beside dead")["pages_unanswered"].startswith(
        "no request of a browser got an answer"
    )
    assert "page request" in headline(failing) and headline(failing).startswith("completed: 5 requests")


def test_load_arguments_leave_a_browser_scenario_one_and_its_thresholds_are_judged(ended: _Ended) -> None:
    run = ended.runs["overridden"]
    assert run.plan and run.plan.browser and run.metrics and run.metrics.figures.iterations == 1
    assert ended.browser("overridden").requests
    assert run.failure and run.failure.kind == "no_samples"
    assert "browser_http_req_failed" in run.failure.hint


def test_nothing_that_chromium_wrote_stays(ended: _Ended) -> None:
    for run in ended.runs.values():
        folder = RunFolder(ended.settings.results_dir, run.run_id).path
        assert folder.is_dir() and not (folder / "home").exists()
        assert not [path for path in folder.rglob("*") if "hromium" in path.name or "k6browser" in path.name]
