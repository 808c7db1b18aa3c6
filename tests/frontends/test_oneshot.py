"""The one-shot protocol: what is read, what is answered, and which words a line may hold."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from k6_mcp.errors import K6NotFound, UnknownRun
from k6_mcp.frontends.oneshot import serve
from k6_mcp.frontends.oneshot_methods import METHODS
from k6_mcp.models.history import HistoryPage, HistoryQuery
from k6_mcp.models.metrics import Figures, MetricRow, Metrics, ThresholdResult
from k6_mcp.models.reports import Explanation, Health, LimitsReport, PlanReport
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Asked, Failure, FailureKind, Notice, Run
from k6_mcp.reports.oneshot_answer import BREACH_WORDS, ERROR_TYPES, NETWORK_WORDS, answer_run, to_line
from k6_mcp.runners.signals import Stop

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALL_WORDS = " ".join((*NETWORK_WORDS, *BREACH_WORDS))
METRICS = Metrics(
    source="summary",
    exact=True,
    figures=Figures(wall_s=3, load_s=3, requests=50, requests_per_s=16.6),
    thresholds=(ThresholdResult(metric="http_req_duration", expression="p(95)<1", ok=False, observed=2.5, has_samples=True),),
    rows=(MetricRow(name="http_reqs", type="counter", contains="default", values={"count": 50, "rate": 16.6}),),
)


def run_of(kind: FailureKind | None = None, **changes: object) -> Run:
    """Return a finished run; with `kind`, one that failed for it and quotes every word that clients look for."""
    failure = Failure(kind=kind, message=f"it broke, {ALL_WORDS}", hint=ALL_WORDS, evidence=(ALL_WORDS,)) if kind else None
    run = Run(
        run_id="r-1",
        status="failed" if kind else "completed",
        name=None,
        asked=Asked(origin="file"),
        script_sha256="0" * 64,
        k6_version="1.1.0",
        server_id="s",
        created_at=NOW,
        metrics=METRICS,
        failure=failure,
        warnings=(Notice(code="n", message=ALL_WORDS),),
    )
    return run.model_copy(update=changes)


class FakeService:
    """A service whose runs end with `final`, at once or (`endless`) when they are stopped."""

    def __init__(self, final: Run | None = None, *, endless: bool = False, fault: Exception | None = None) -> None:
        self.final = final or run_of()
        self.fault = fault
        self.started: list[LoadTest] = []
        self.stopped: list[str] = []
        self.opened = self.closed = 0
        self.running, self.over = asyncio.Event(), asyncio.Event()
        if not endless:
            self.over.set()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["FakeService"]:
        self.opened += 1
        yield self
        self.closed += 1

    async def start(self, test: LoadTest) -> Run:
        if self.fault:
            raise self.fault
        self.started.append(test)
        self.running.set()
        return self.final.model_copy(update={"status": "running"})

    async def wait(self, run_id: str, wait_s: float, emit: Callable[[Run], None] | None = None) -> Run:
        if run_id != self.final.run_id:
            raise UnknownRun(run_id)
        running = self.final.model_copy(update={"status": "running"})
        if emit:
            emit(running)
        if not wait_s and not self.over.is_set():
            return running
        await self.over.wait()
        return self.final

    async def stop(self, run_id: str) -> Run:
        self.stopped.append(run_id)
        self.final = self.final.model_copy(update={"status": "cancelled"})
        self.over.set()
        return self.final

    async def plan(self, test: LoadTest) -> PlanReport:
        return PlanReport(origin="text", script=test.script or "", script_sha256="", k6_version="1.1.0", plan=None)

    async def history(self, query: HistoryQuery) -> HistoryPage:
        return HistoryPage(runs=(self.final,) * query.limit)

    async def explain(self, run_id: str) -> Explanation:
        return Explanation(run_id=run_id, status="completed", headline="all is well")

    async def health(self) -> Health:
        caps = LimitsReport(max_concurrent_runs=1, max_vus=1, max_duration_s=1, max_rps=1, max_script_bytes=1, timeout_s=1)
        return Health(ok=True, components=(), limits=caps)


class FakeLines:
    """Requests from a list, answers into one; the input stays open after them when `open_end`."""

    def __init__(self, lines: Iterable[str | bytes | dict[str, Any]], *, open_end: bool = False, gone: bool = False) -> None:
        self.waiting = [as_bytes(line) for line in lines]
        self.answers: list[dict[str, Any]] = []
        self.open_end = open_end
        self.gone = gone

    async def read(self) -> bytes | None:
        if self.waiting:
            return self.waiting.pop(0)
        if self.open_end:
            await asyncio.Event().wait()
        return None

    async def write(self, line: bytes) -> None:
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        self.answers.append(json.loads(line))

    def reader_gone(self) -> bool:
        return self.gone


def as_bytes(line: str | bytes | dict[str, Any]) -> bytes:
    """Return a request as the bytes of one line."""
    text = json.dumps(line) if isinstance(line, dict) else line
    return text.encode() if isinstance(text, str) else text


def execute(**params: object) -> dict[str, Any]:
    """Return the request of a load test."""
    return {"method": "execute_k6_test", "params": {"script_file": "/t.js", "duration": "10s", "vus": 10, **params}}


async def answers_to(*lines: str | bytes | dict[str, Any], service: FakeService | None = None) -> list[dict[str, Any]]:
    """Return the answers to `lines`, all of which must be understood."""
    wire = FakeLines(lines)
    assert await serve(wire, (service or FakeService()).open, Stop()) == 0
    return wire.answers


async def test_a_completed_run_is_answered_with_everything_a_client_needs() -> None:
    (answer,) = await answers_to(execute())

    assert answer["success"] is True
    assert (answer["status"], answer["error"], answer["error_type"], answer["run_id"]) == ("completed", None, None, "r-1")
    assert answer["metrics"] == {"http_reqs": {"type": "counter", "contains": "default", "values": {"count": 50.0, "rate": 16.6}}}
    assert answer["thresholds"][0]["metric"] == "http_req_duration"
    assert "http_reqs" in answer["output"]


async def test_a_crossed_threshold_says_so_in_k6s_words_and_in_no_others() -> None:
    (answer,) = await answers_to(execute(), service=FakeService(run_of("thresholds_exceeded")))

    assert (answer["success"], answer["error_type"]) == (False, "threshold")
    assert answer["error"] == "k6 test failed: Performance thresholds exceeded"
    assert "thresholds on metrics 'http_req_duration' have been crossed" in answer["output"]
    assert not any(word in json.dumps(answer) for word in NETWORK_WORDS)


async def test_an_unreachable_target_says_so_in_k6s_words_and_in_no_others() -> None:
    (answer,) = await answers_to(execute(), service=FakeService(run_of("target_unreachable")))

    assert (answer["success"], answer["error_type"]) == (False, "network")
    assert answer["error"] == "k6 test failed: Network connection error"
    assert "Request Failed" in answer["output"]
    assert not any(word in json.dumps(answer) for word in BREACH_WORDS)


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(FailureKind) if kind not in ("thresholds_exceeded", "target_unreachable")]
)
async def test_every_other_failure_holds_no_word_that_a_client_would_misread(kind: FailureKind) -> None:
    (answer,) = await answers_to(execute(), service=FakeService(run_of(kind)))

    assert (answer["success"], answer["error_type"]) == (False, ERROR_TYPES[kind])
    assert answer["error"].startswith("k6 test failed: it broke")
    assert not any(word in json.dumps(answer) for word in (*NETWORK_WORDS, *BREACH_WORDS))


@pytest.mark.parametrize("status", ["completed", "cancelled", "lost", "running", "queued"])
def test_a_run_without_a_failure_holds_no_word_that_a_client_would_misread(status: str) -> None:
    line = to_line(answer_run(run_of(status=status))).decode()

    assert not any(word in line for word in (*NETWORK_WORDS, *BREACH_WORDS))
    assert json.loads(line)["success"] is (status == "completed")


def test_every_failure_kind_has_its_own_error_type() -> None:
    assert set(ERROR_TYPES) == set(get_args(FailureKind))
    assert len(set(ERROR_TYPES.values())) == len(ERROR_TYPES)


async def test_lines_are_answered_in_turn_and_blank_ones_skipped() -> None:
    service = FakeService()
    lines = [execute(vus=1), "", "  \r\n", {"method": "analyze_run", "params": {"run_id": "r-7"}}, execute(vus=2)]

    answers = await answers_to(*lines, service=service)

    assert [answer["run_id"] for answer in answers] == ["r-1", None, "r-1"]
    assert answers[1]["result"]["run_id"] == "r-7"
    assert [test.vus for test in service.started] == [1, 2]
    assert (service.opened, service.closed) == (1, 1)


@pytest.mark.parametrize(
    ("params", "vus", "duration", "override"),
    [
        ({"vus": 3, "duration": "5s"}, 3, "5s", True),
        ({"vus": 3}, 3, "30s", True),
        ({"duration": "5s"}, 10, "5s", True),
        ({"vus": "3", "duration": "5s"}, 3, "5s", True),
        ({}, None, None, False),
        ({"vus": None, "duration": None}, None, None, False),
        ({"vus": 3, "iterations": 6}, 3, None, True),
        ({"vus": 3, "duration": "5s", "override_load": False}, 3, "5s", False),
    ],
)
async def test_load_arguments_replace_the_scripts_own_load(
    params: dict[str, Any], vus: int | None, duration: str | None, override: bool
) -> None:
    service = FakeService()

    await answers_to({"method": "execute_k6_test", "params": {"script_file": "/t.js", **params}}, service=service)

    (test,) = service.started
    assert (test.vus, test.duration, test.override_load) == (vus, duration, override)


async def test_a_url_keeps_its_presets_own_rules() -> None:
    service = FakeService()

    await answers_to({"method": "execute_k6_test", "params": {"url": "http://h/", "duration": "5s"}}, service=service)

    (test,) = service.started
    assert (test.vus, test.duration, test.override_load) == (None, "5s", False)


async def test_waiting_has_no_bound_so_wait_s_changes_nothing() -> None:
    (answer,) = await answers_to(execute(wait_s=0))

    assert answer["status"] == "completed"


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        b"\xff\xfe\xfa",
        "[" * 100_000,
        '{"method": "execute_k6_test", "params": {"vus": NaN}}',
        "[]",
        "7",
        "{}",
        '{"params": {}}',
        '{"method": 7}',
        '{"method": "no_such_method"}',
        '{"method": "execute_k6_test", "params": []}',
        '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}',
    ],
)
async def test_what_is_not_understood_is_said_on_both_streams_and_ends_with_1(
    line: str | bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    service, wire = FakeService(), FakeLines([line, execute()])

    code = await serve(wire, service.open, Stop())

    (answer,) = wire.answers
    assert (code, answer["success"], answer["error_type"]) == (1, False, "not_understood")
    assert "execute_k6_test" in answer["error"] or "MCP" in answer["error"]
    assert json.loads(capsys.readouterr().err) == answer
    assert service.opened == 0


async def test_no_request_at_all_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    wire = FakeLines(["", "\n"])

    assert await serve(wire, FakeService().open, Stop()) == 1
    assert wire.answers[0]["error_type"] == "not_understood"
    assert json.loads(capsys.readouterr().err) == wire.answers[0]


async def test_wrong_arguments_are_all_named_and_later_lines_still_served(capsys: pytest.CaptureFixture[str]) -> None:
    wrong, right = await answers_to(execute(vus=-1, duration="soon", bogus=1), execute())

    assert (wrong["success"], wrong["error_type"], wrong["status"]) == (False, "invalid_arguments", None)
    assert all(word in wrong["error"] for word in ("vus", "soon", "bogus"))
    assert right["success"] is True
    assert capsys.readouterr() == ("", "")


async def test_a_missing_k6_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    fault = K6NotFound("no k6 found", hint="install it")

    (answer,) = await answers_to(execute(), service=FakeService(fault=fault))

    assert (answer["success"], answer["error_type"]) == (False, "k6_not_found")
    assert "install it" in answer["error"]
    assert capsys.readouterr() == ("", "")


async def test_a_fault_of_our_own_is_an_answer_too(capsys: pytest.CaptureFixture[str]) -> None:
    (answer,) = await answers_to(execute(), service=FakeService(fault=RuntimeError("secret detail")))

    assert (answer["success"], answer["error_type"]) == (False, "internal")
    assert "secret detail" not in answer["error"]
    assert "secret detail" in capsys.readouterr().err


async def test_the_end_of_the_input_does_not_end_a_run() -> None:
    service = FakeService(endless=True)
    wire = FakeLines([execute()])
    serving = asyncio.create_task(serve(wire, service.open, Stop()))
    await service.running.wait()

    assert service.stopped == []
    assert not serving.done()
    service.over.set()
    assert await serving == 0
    assert wire.answers[0]["status"] == "completed"


async def test_asked_to_end_it_stops_the_run_and_still_answers() -> None:
    service, stop = FakeService(endless=True), Stop()
    wire = FakeLines([execute(), execute()])
    serving = asyncio.create_task(serve(wire, service.open, stop))
    await service.running.wait()

    stop.ask(143)

    assert await serving == 0
    assert service.stopped == ["r-1"]
    assert [answer["status"] for answer in wire.answers] == ["cancelled"]
    assert wire.answers[0]["error"].startswith("k6 test failed: it was stopped")
    assert service.closed == 1


async def test_a_run_whose_answer_nobody_can_read_is_stopped() -> None:
    service = FakeService(endless=True)

    await serve(FakeLines([execute()], open_end=True, gone=True), service.open, Stop())

    assert service.stopped == ["r-1"]


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("plan_k6_test", {"script": "x"}, "script_sha256"),
        ("get_history", {"limit": 3}, "runs"),
        ("analyze_run", {"run_id": "r-1"}, "headline"),
        ("check_health", None, "limits"),
    ],
)
async def test_methods_that_answer_about_no_single_run_carry_a_result(
    method: str, params: dict[str, Any] | None, field: str
) -> None:
    (answer,) = await answers_to({"method": method, "params": params})

    assert (answer["success"], answer["error"]) == (True, None)
    assert field in answer["result"]


async def test_a_run_can_be_asked_for_and_stopped_by_its_id() -> None:
    service = FakeService(endless=True)

    answers = await answers_to(
        {"method": "get_run", "params": {"run_id": "r-1"}},
        {"method": "stop_run", "params": {"run_id": "r-1"}},
        {"method": "get_run", "params": {"run_id": "r-1", "wait_s": 5}},
        {"method": "get_run", "params": {"run_id": "r-2"}},
        {"method": "get_run", "params": {"run": "r-1"}},
        service=service,
    )

    assert [answer["status"] for answer in answers] == ["running", "cancelled", "cancelled", None, None]
    assert (answers[0]["success"], answers[0]["error"]) == (False, None)
    assert [answer["error_type"] for answer in answers[3:]] == ["unknown_run", "invalid_arguments"]
    assert "run_id" in answers[4]["error"]


def test_every_tool_that_a_one_shot_client_needs_is_a_method() -> None:
    assert set(METHODS) == {
        "execute_k6_test",
        "execute_k6_test_with_options",
        "plan_k6_test",
        "get_history",
        "analyze_run",
        "get_run",
        "stop_run",
        "check_health",
    }


def test_one_shot_mode_does_not_import_the_mcp_sdk() -> None:
    code = "import sys, k6_mcp.frontends.oneshot; print([m for m in sys.modules if m.partition('.')[0] in ('mcp', 'mcp_types')])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
