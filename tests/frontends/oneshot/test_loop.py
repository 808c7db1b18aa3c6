"""The one-shot protocol: which lines are understood, what they start and how it ends."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from k6_mcp.errors import K6NotFound
from k6_mcp.frontends.oneshot.loop import serve
from k6_mcp.frontends.oneshot.request import METHODS
from k6_mcp.runners.signals import Stop
from tests.frontends.oneshot.fakes import FakeLines, FakeService, answers_to, execute


async def test_lines_are_answered_in_turn_and_blank_ones_skipped() -> None:
    service = FakeService()
    lines = [
        execute(vus=1),
        "",
        "  \r\n",
        {"method": "analyze_run", "params": {"run_id": "r-7"}},
        execute(vus=2),
    ]

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

    await answers_to(
        {"method": "execute_k6_test", "params": {"script_file": "/t.js", **params}}, service=service
    )

    (test,) = service.started
    assert (test.vus, test.duration, test.override_load) == (vus, duration, override)


@pytest.mark.parametrize("method", ["execute_k6_test", "plan_k6_test"])
async def test_limits_are_told_together_with_arguments_that_are_wrong(method: str) -> None:
    (answer,) = await answers_to(
        {"method": method, "params": {"url": "http://h/", "vus": 2000, "duration": "5s", "nope": 1}}, code=1
    )

    assert "nope: unknown argument" in answer["error"]
    assert "vus: 2000 exceeds this server's limit" in answer["error"]


async def test_a_url_keeps_its_presets_own_rules() -> None:
    service = FakeService()

    await answers_to(
        {"method": "execute_k6_test", "params": {"url": "http://h/", "duration": "5s"}}, service=service
    )

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
    assert capsys.readouterr().err == answer["output"]
    assert answer["output"].startswith('level=error msg="not_understood: ')
    assert service.opened == 0


async def test_no_request_at_all_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    wire = FakeLines(["", "\n"])

    assert await serve(wire, FakeService().open, Stop()) == 1
    assert wire.answers[0]["error_type"] == "not_understood"
    assert "no line with a request" in capsys.readouterr().err


async def test_wrong_arguments_are_all_named_and_later_lines_still_served(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong, right = await answers_to(execute(vus=-1, duration="soon", bogus=1), execute(), code=1)

    assert (wrong["success"], wrong["error_type"], wrong["status"]) == (False, "invalid_arguments", None)
    assert all(word in wrong["error"] for word in ("vus", "soon", "bogus"))
    assert right["success"] is True
    assert capsys.readouterr() == ("", wrong["output"])


async def test_a_missing_k6_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    fault = K6NotFound("no k6 found", hint="install it")

    (answer,) = await answers_to(execute(), service=FakeService(fault=fault), code=1)

    assert (answer["success"], answer["error_type"]) == (False, "k6_not_found")
    assert "install it" in answer["error"]
    assert capsys.readouterr() == ("", answer["output"])


async def test_a_fault_of_our_own_is_an_answer_too_and_its_details_two_short_lines_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault = RuntimeError("secret detail " + "x" * 100_000)

    (answer,) = await answers_to(execute(), service=FakeService(fault=fault), code=1)

    assert (answer["success"], answer["error_type"]) == (False, "internal")
    assert "secret detail" not in json.dumps(answer)
    details, reason = capsys.readouterr().err.splitlines()
    assert details.startswith("k6-mcp: RuntimeError: secret detail")
    assert "fakes.py:" in details
    assert len(details) < 1000
    assert f"{reason}\n" == answer["output"]


@pytest.mark.parametrize("depth", [201, 500, 900, 100_000])
@pytest.mark.parametrize("name", ["body", "env", "thresholds", "bogus", "vus", "method", "script"])
async def test_an_argument_nested_deep_is_refused_with_the_limit(
    name: str, depth: int, capsys: pytest.CaptureFixture[str]
) -> None:
    line = (
        f'{{"method": "execute_k6_test", "params": {{"url": "http://h/", "{name}":'
        f" {'[' * depth}{']' * depth}}}}}"
    )

    (answer,) = await answers_to(line, code=1)

    assert answer["error_type"] in ("invalid_arguments", "not_understood")
    assert "nested deeper than 200 levels" in answer["error"]
    assert capsys.readouterr().err == answer["output"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "params",
    [
        r'{"\ud800": 1}',
        r'{"run_id": "\ud800"}',
        r'{"name": {"\ud800": ["\udfff"]}}',
        r'{"\ud800": [[1e999]]}',
    ],
)
async def test_half_of_a_surrogate_pair_is_answered_whatever_it_is_in(method: str, params: str) -> None:
    wire = FakeLines([f'{{"method": "{method}", "params": {params}}}', '{"method": "check_health"}'])

    await serve(wire, FakeService().open, Stop())

    first, second = wire.answers
    assert first["error_type"] != "internal"
    assert second["success"] is True


async def test_a_body_of_200_levels_is_taken() -> None:
    service = FakeService()
    params = {"url": "http://h/", "method": "POST", "body": json.loads("[" * 200 + "]" * 200)}

    await answers_to({"method": "execute_k6_test", "params": params}, service=service)

    assert service.started[0].body == params["body"]


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


async def test_a_page_of_the_history_holds_figures_but_not_every_metric() -> None:
    (answer,) = await answers_to({"method": "get_history", "params": {"limit": 2}})

    assert [run["metrics"]["figures"]["requests"] for run in answer["result"]["runs"]] == [50, 50]
    assert [run["metrics"]["rows"] for run in answer["result"]["runs"]] == [[], []]


async def test_a_page_of_the_history_that_would_not_fit_into_10_kb_is_shorter() -> None:
    (answer,) = await answers_to({"method": "get_history", "params": {"limit": 100}})

    assert 1 < len(answer["result"]["runs"]) < 100
    assert len(json.dumps(answer, separators=(",", ":"))) <= 10_240


async def test_a_run_can_be_asked_for_and_stopped_by_its_id() -> None:
    service = FakeService(endless=True)

    answers = await answers_to(
        {"method": "get_run", "params": {"run_id": "r-1"}},
        {"method": "stop_run", "params": {"run_id": "r-1"}},
        {"method": "get_run", "params": {"run_id": "r-1", "wait_s": 5}},
        {"method": "get_run", "params": {"run_id": "r-2"}},
        {"method": "get_run", "params": {"run": "r-1"}},
        service=service,
        code=1,
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
        "compare_runs",
        "set_baseline",
        "get_statistics",
        "get_report",
        "check_health",
    }


def test_one_shot_mode_does_not_import_the_mcp_sdk() -> None:
    code = (
        "import sys, k6_mcp.frontends.oneshot.loop; print([m for m in sys.modules if m.partition('.')[0] in"
        " ('mcp', 'mcp_types')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
