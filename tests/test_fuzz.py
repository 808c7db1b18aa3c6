"""The fuzzers of `benchmarks` work: a few mutated calls in each mode all get an answer."""

import pytest

from benchmarks.fuzz import MODES, fuzz, report
from benchmarks.fuzzing.judge import Tally, judge_answer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", MODES)
async def test_a_few_mutated_calls_do_no_harm(mode: str) -> None:
    tally = await fuzz(mode, seed=3, count=20 if mode == "oneshot" else 45)

    assert tally.answered
    assert not tally.findings, report([tally])


def test_a_forbidden_answer_is_found_and_can_be_reproduced() -> None:
    tally = Tally("http", seed=7)
    tool = {
        "result": {
            "content": [{"type": "text", "text": "internal: x"}, {"type": "text", "text": "y" * 10_300}]
        }
    }
    judge_answer(tally, 3, "tools/call", tool, 0, "canary")
    judge_answer(tally, 4, "ping", {"error": {"code": -32603, "message": "the canary sings"}}, 99, "canary")

    found = [(finding.kind, finding.number) for finding in tally.findings]
    assert found == [("internal error", 3), ("answer too long", 3), ("internal error", 4), ("secret", 4)]
    assert "python -m benchmarks fuzz --mode http --seed 7 --count 4" in report([tally])
