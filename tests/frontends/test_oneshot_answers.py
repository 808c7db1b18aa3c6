"""What a one-shot answer says, and which of k6's words it holds: clients classify by them."""

import json
from typing import get_args

import pytest

from k6_mcp.models.run import FailureKind
from k6_mcp.reports.oneshot_answer import BREACH_WORDS, ERROR_TYPES, NETWORK_WORDS, answer_run, to_line
from tests.frontends.oneshot_fakes import FakeService, answers_to, execute, run_of


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
