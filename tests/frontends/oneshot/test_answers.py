"""The content of a one-shot answer, its order, and the words of k6 in it.

Clients classify answers by these words, some by a part of the line.
"""

import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from k6_mcp.answers.oneshot import (
    BREACH_WORDS,
    FAILED,
    NETWORK_WORDS,
    OneShotAnswer,
    answer_error,
    answer_run,
    to_line,
)
from k6_mcp.errors import InvalidArguments, K6McpError
from k6_mcp.models.failures import FAILURES, FailureKind
from k6_mcp.models.metrics import MetricRow
from k6_mcp.models.run import RepeatRow, Run, Series, Status
from k6_mcp.models.service_answers import PlanReport, Refusal, RunText
from tests.frontends.oneshot.fakes import METRICS, FakeService, answers_to, execute, run_of

# A client takes what has come so far for the whole answer as soon as one of these has come.
STOP_WORDS = ("http_req_duration", "iterations", "execution: local", "█ TOTAL RESULTS")
ALL = f"{' '.join(STOP_WORDS)} {' '.join(NETWORK_WORDS)} {' '.join(BREACH_WORDS)}"
_KINDS = get_args(FailureKind)
_REFUSALS = [kind for kind in K6McpError.__subclasses__() if kind.code != "unknown_run"]


def words_of(answer: OneShotAnswer) -> tuple[str, ...]:
    """Return the words by which clients must know the ending of `answer`."""
    if answer.success:
        return ()
    return NETWORK_WORDS if answer.error_type == "network" else BREACH_WORDS


def hostile(run: Run) -> Run:
    """Return `run` with every word in each name and text that comes from a caller, a script or a target."""
    rows = (
        MetricRow(
            name=f"http_reqs{{page:{ALL}}}",
            type="counter",
            contains="default",
            values={"count": 1, "rate": 1},
        ),
    )
    crossed = METRICS.thresholds[0].model_copy(update={"metric": f"x{{a:{ALL}}}", "expression": ALL})
    measured = METRICS.model_copy(
        update={"rows": (*METRICS.rows, *rows), "thresholds": (crossed, *METRICS.thresholds)}
    )
    failure = run.failure and run.failure.model_copy(update={"message": ALL, "hint": ALL, "evidence": (ALL,)})
    return run.model_copy(update={"name": ALL, "tags": {"a": ALL}, "metrics": measured, "failure": failure})


def held(answer: OneShotAnswer) -> str:
    """Return the line of `answer`.

    The first word that shows how it ended must come before any word that ends the reading.
    """
    line, ours = to_line(answer).decode(), words_of(answer)
    others = NETWORK_WORDS if ours == BREACH_WORDS else () if ours else (*NETWORK_WORDS, *BREACH_WORDS)
    assert not any(word in line for word in others)
    if ours:
        told = min(line.index(word) + len(word) for word in ours if word in line)
        assert told <= min(
            (line.index(word) + len(word) for word in STOP_WORDS if word in line), default=told
        )
        assert any(word in json.loads(line)["output"] for word in ours)
        assert answer.output.startswith("level=")
    return line


@pytest.mark.parametrize("kind", _KINDS)
def test_every_failure_is_told_before_what_ends_the_reading(kind: FailureKind) -> None:
    run = run_of(kind)

    for told in (run, hostile(run), hostile(run).model_copy(update={"metrics": None})):
        line = held(answer_run(told))
        assert not json.loads(line)["success"]


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_is_told_before_what_ends_the_reading_and_only_completed_is_a_success(
    status: Status,
) -> None:
    run = run_of(status=status)

    for told in (run, hostile(run), run.model_copy(update={"metrics": None})):
        line = held(answer_run(told))
        assert json.loads(line)["success"] is (status == "completed")


@pytest.mark.parametrize("error", _REFUSALS, ids=lambda error: error.code)
def test_every_refusal_is_told_before_what_ends_the_reading(error: type[K6McpError]) -> None:
    answer = answer_error(error(ALL, hint=ALL))

    held(answer)
    assert answer.refused


@pytest.mark.parametrize("text", ["x", '"', "\\", "\0", "\u202e", "😀", "\ud800", f"{ALL} "], ids=ascii)
def test_a_refusal_is_one_line_below_10_kb_that_keeps_its_next_step(text: str) -> None:
    answer = answer_error(InvalidArguments(text * 20_000, hint="say less"))

    line = held(answer)
    assert len(line.encode()) < 10_000
    assert json.loads(line)["error"].endswith("(next step: say less)")
    assert json.loads(line)["output"].endswith('(next step: say less)"\n')


@pytest.mark.parametrize("kind", _KINDS)
def test_a_result_beside_a_failure_begins_with_the_ending_too(kind: FailureKind) -> None:
    """Some clients read `result` where there is one."""
    text = RunText(run_id="r-1", detail="log", text=ALL)
    answer = answer_run(hostile(run_of(kind))).model_copy(update={"result": text})

    result = json.loads(held(answer))["result"]

    told = json.dumps(result, ensure_ascii=False)
    assert told.startswith('{"ending": "level=')
    assert any(word in told for word in words_of(answer))
    assert set(result) == {"ending", "run_id", "detail", "text"}


@pytest.mark.parametrize("kind", [None, "target_failing", "target_unreachable", "thresholds_exceeded"])
def test_a_series_leaves_result_to_answers_about_no_run(kind: FailureKind | None) -> None:
    series = Series(first="r-1", asked=2, runs=(RepeatRow(run_id="r-1", status="completed"),))

    line = json.loads(held(answer_run(run_of(kind).model_copy(update={"series": series}))))

    assert (line["result"], line["series"]["first"]) == (None, "r-1")


async def test_a_completed_run_is_answered_with_everything_a_client_needs() -> None:
    (answer,) = await answers_to(execute())

    assert answer["success"] is True
    assert (answer["status"], answer["error"], answer["error_type"], answer["run_id"]) == (
        "completed",
        None,
        None,
        "r-1",
    )
    assert answer["metrics"] == {
        "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 50.0, "rate": 16.6}}
    }
    assert answer["thresholds"][0]["metric"] == "http_req_duration"
    assert "http_reqs" in answer["output"]


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        (
            "thresholds_exceeded",
            "Performance thresholds exceeded",
            "level=error msg=\"thresholds on metrics 'http_req_duration' have been crossed\"",
        ),
        (
            "target_unreachable",
            "Network connection error",
            'level=warning msg="Request Failed" error="it broke',
        ),
        ("script_error", "it broke", 'level=error msg="script_error: it broke'),
    ],
)
async def test_a_failure_says_so_in_k6s_words(kind: FailureKind, error: str, said: str) -> None:
    (answer,) = await answers_to(execute(), service=FakeService(run_of(kind)))

    assert (answer["success"], answer["error_type"]) == (False, FAILURES[kind].word)
    assert answer["error"].startswith(f"k6 test failed: {error}")
    assert answer["output"].replace("level:warning", "level=warning").startswith(said)


@pytest.mark.parametrize(
    ("change", "error_type"),
    [
        ({"refusal": Refusal(kind="script_error", message=f"it does not load: {ALL}")}, "script"),
        ({"refusal": Refusal(kind="invalid_config", message=ALL)}, "config"),
        ({"violations": (f"vus is above the limit {ALL}",)}, "limit_exceeded"),
        ({"refusal": Refusal(kind="script_error", message="m"), "violations": ("v",)}, "script"),
    ],
)
async def test_a_plan_that_would_not_run_is_no_success_and_still_tells_all(
    change: Mapping[str, Any], error_type: str
) -> None:
    service = FakeService()
    service.planned = PlanReport.model_validate({**service.planned.model_dump(), "script": ALL, **change})

    (answer,) = await answers_to(
        {"method": "plan_k6_test", "params": {"script": "x"}}, service=service, code=1
    )

    assert (answer["success"], answer["error_type"], answer["run_id"]) == (False, error_type, None)
    assert answer["output"].startswith(f"{FAILED} msg=")
    assert answer["result"]["ending"] == answer["output"].strip()
    assert set(answer["result"]) == {"ending", *PlanReport.model_fields}
