"""A competing CPU load that comes and goes.

It has phases of 10 to 60 s, each with up to 32 processes that work and pause. `python -m benchmarks.cpu_load`
runs until its standard input ends, for `_LONGEST_S` at most; each process also ends by itself. The processes
have sessions of their own, as other users' work has: Linux first divides CPU time among sessions.
"""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

_WORKERS = (0, 8, 0, 16, 24, 32)
_SHORTEST_PHASE_S, _LONGEST_PHASE_S = 10.0, 60.0
_LONGEST_S = 1800.0
_WORKER = """
import random, sys, time
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    until = time.monotonic() + random.expovariate(100)
    while time.monotonic() < until: pass
    time.sleep(random.expovariate(100))
"""


@contextmanager
def open_cpu_load() -> Generator[None]:
    """Load the CPUs for the length of the block."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.cpu_load"], stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.communicate()


def _work(ended: threading.Event) -> None:
    chance, until = random.Random(1), time.monotonic() + _LONGEST_S
    while not ended.is_set() and time.monotonic() < until:
        phase_s = chance.uniform(_SHORTEST_PHASE_S, _LONGEST_PHASE_S)
        command = [sys.executable, "-c", _WORKER, str(phase_s)]
        workers = [subprocess.Popen(command, start_new_session=True) for _ in range(chance.choice(_WORKERS))]
        ended.wait(phase_s)
        for worker in workers:
            worker.kill()
            worker.wait()


if __name__ == "__main__":
    over = threading.Event()
    thread = threading.Thread(target=_work, args=(over,))
    thread.start()
    sys.stdin.read()
    over.set()
    thread.join()
