import errno
import sys

import pytest
from pydantic import SecretStr

from k6_mcp.models.plan import Plan, Planned, ScenarioPlan
from k6_mcp.runners.memory import Allowance, allowance, ran_out, starved

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux holds a process to an address space"
)


def _planned(max_vus: int, longest_s: float = 30, *, browser: bool = False) -> Planned:
    scenarios = (ScenarioPlan(name="a", executor="constant-vus", browser=browser),)
    plan = Plan(
        scenarios=scenarios,
        thresholds=(),
        max_vus=max_vus,
        duration_s=longest_s,
        longest_s=longest_s,
        rps=10_000,
    )
    return Planned(plan, SecretStr("{}"))


def test_what_k6_may_use_follows_its_plan_with_a_floor_and_the_setting_wins() -> None:
    plan, small, large, long = (
        allowance(None, one) for one in (None, _planned(1), _planned(20), _planned(1, 3600))
    )
    assert [one.memory_mb for one in (plan, small, large)] == [1000, 1200, 2150]
    assert long.memory_mb is not None and long.memory_mb > 2150
    assert allowance(300, _planned(1000)).memory_mb == allowance(300, None).memory_mb == 300
    assert all(one.address_space_kb is not None and one.address_space_kb > 3_000_000 for one in (plan, small))


def test_nothing_is_held_without_a_limit_and_where_a_browser_starts_no_address_space() -> None:
    assert allowance(0, _planned(1)) == allowance(0, _planned(1, browser=True)) == Allowance()
    assert allowance(300, _planned(1, browser=True)) == Allowance(300)


@pytest.mark.parametrize(
    "line",
    [
        b"runtime: out of memory: cannot allocate 4194304-byte block (0 in use)",
        b"fatal error: failed to reserve page summary memory",
        b"fatal error: out of memory allocating heap arena map",
        b"runtime/cgo: pthread_create failed: Resource temporarily unavailable",
    ],
)
def test_the_words_of_go_without_memory_are_known_at_the_start_of_a_line_alone(line: bytes) -> None:
    assert ran_out(b"x\n" + line)
    assert not ran_out(b'{"level":"error","msg":"' + line)


def test_an_error_of_this_process_without_memory_is_known_also_in_a_group() -> None:
    assert starved(ExceptionGroup("tasks", [ValueError("x"), RuntimeError("can't start new thread")]))
    assert starved(MemoryError()) and starved(OSError(errno.ENOMEM, "x"))
    assert not starved(ExceptionGroup("tasks", [ValueError("x"), OSError(errno.EACCES, "x")]))
