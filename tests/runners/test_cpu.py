"""What a busy machine takes from a process, read from real ones."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from k6_mcp.runners.cpu import CpuWatch, usable_cores
from tests.k6.processes import until

_ON_ONE_CPU = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
_linux = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="this system does not count waiting"
)


@contextmanager
def rivals() -> Generator[int]:
    """Start two processes that want the same CPU; yields the id of one."""
    started = [subprocess.Popen([sys.executable, "-c", _ON_ONE_CPU]) for _ in range(2)]
    try:
        yield started[0].pid
    finally:
        for process in started:
            process.kill()
            process.wait()


@_linux
async def test_a_process_that_shares_its_cpu_waits_for_it_and_what_it_waited_outlives_it() -> None:
    with rivals() as pid:
        watch = CpuWatch(pid)

        def waited() -> float | None:
            watch.look()
            return watch.wait_s if watch.wait_s and watch.wait_s > 0.1 and watch.used_s else None

        seen = await until(waited, "a tenth of a second of waiting")
    watch.look()

    assert watch.wait_s == seen
    assert watch.steal_s is not None and watch.steal_s >= 0


def test_of_a_process_that_is_not_there_nothing_is_said() -> None:
    # Above the highest id of any Linux
    watch = CpuWatch(2**22 + 1)
    watch.look()

    assert (watch.used_s, watch.wait_s) == (None, None)


def test_this_process_may_use_a_core() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
