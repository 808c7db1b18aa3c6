"""Other work on the machine that comes and goes: phases of 10 to 60 s with up to six busy loops, the same at each start.

`python -m benchmarks.cpu_load` goes on until its standard input ends, for `_LONGEST_S` at most; each loop ends by itself as well.
"""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

_LOOPS = (0, 2, 3, 0, 4, 6)
_SHORTEST_PHASE_S, _LONGEST_PHASE_S = 10.0, 60.0
_LONGEST_S = 1800.0
_LOOP = "import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: pass"


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
        loops = [subprocess.Popen([sys.executable, "-c", _LOOP, str(phase_s)]) for _ in range(chance.choice(_LOOPS))]
        ended.wait(phase_s)
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    over = threading.Event()
    worker = threading.Thread(target=_work, args=(over,))
    worker.start()
    sys.stdin.read()
    over.set()
    worker.join()
