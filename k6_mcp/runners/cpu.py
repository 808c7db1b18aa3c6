"""How much CPU time k6 got, how long it waited for a CPU, and what the hypervisor took.

Only Linux reports these figures.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import anyio

_NS = 1e-9
_MIB = 1 << 20
_MANY_THREADS = 50
# In these states, a signal or a debugger has stopped the thread.
_STOPPED = ("T", "t")
_LAST_S = 1.0
# With more threads than this, only every fourth look reads them.
_THINNED = 4


class CpuWatch:
    """Watches the threads of one process.

    Call `look` a few times a second, and read the seconds so far. They are None where the system reports
    nothing.

    `used_s` is CPU time. `wait_s` is how long its threads, added up, were ready to run and had no CPU
    (schedstat of each thread; the last value of a thread that ended stays counted, so what it waited after
    the last look is missing). `steal_s` is what the hypervisor gave to others, summed over the CPUs of this
    machine, since the watch began. `paused_s` is how long the process was seen stopped, by a signal or a
    debugger. `resident_mb` is the memory that the process, without its children, had at the last look.
    """

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        self._waited_ns: dict[str, int] = {}
        self._steal_before_s = _stolen_s()
        self._looks = 0
        self._stopped_at: float | None = None
        self.used_s: float | None = None
        self.steal_s: float | None = None
        self.paused_s = 0.0
        self.resident_mb = 0

    @property
    def wait_s(self) -> float | None:
        return round(sum(self._waited_ns.values()) * _NS, 4) if self._waited_ns else None

    def look(self) -> None:
        """Read the counters."""
        fields = _fields(self._process)
        self.used_s = _used_s(fields) or self.used_s
        self.resident_mb = _resident_mb(fields)
        self._note_stop(fields[0] if fields else "")
        if len(self._waited_ns) <= _MANY_THREADS or self._looks % _THINNED == 0:
            self._waited_ns.update(_waited_ns(self._process))
        self._looks += 1
        stolen_s = _stolen_s()
        if stolen_s is not None and self._steal_before_s is not None:
            self.steal_s = round(stolen_s - self._steal_before_s, 4)

    def _note_stop(self, state: str) -> None:
        """Count the time between two looks that both saw the process stopped."""
        now = monotonic()
        if self._stopped_at is not None and state in _STOPPED:
            self.paused_s += now - self._stopped_at
        self._stopped_at = now if state in _STOPPED else None


class LastWork:
    """Measures how busy a process was shortly before its time was up.

    `watch` runs while the process works. Call `busy` before the process is killed. Earlier work shows little:
    k6 takes CPU time to start, and more of it on a machine that others use.
    """

    def __init__(self, pid: int, allowed_s: float) -> None:
        self._pid = pid
        self._wait_s = allowed_s - min(_LAST_S, allowed_s / 2)
        self._before: tuple[float, float] | None = None

    async def watch(self) -> None:
        """Note the CPU time that the process has used, shortly before its time is up."""
        await anyio.sleep(self._wait_s)
        self._before = (monotonic(), self._wanted_s())

    def busy(self) -> float | None:
        """Return the share of the time since `watch` noted it in which the process wanted a CPU.

        The time in which it had one counts too, added up over all threads. None if unknown.
        """
        if self._before is None:
            return None
        at, wanted_s = self._before
        passed_s = monotonic() - at
        return round((self._wanted_s() - wanted_s) / passed_s, 4) if passed_s > 0 else None

    def _wanted_s(self) -> float:
        watch = CpuWatch(self._pid)
        watch.look()
        return (watch.used_s or 0.0) + (watch.wait_s or 0.0)


def usable_cores() -> int:
    """Return how many cores this process and its children may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        # macOS has no `sched_getaffinity`.
        return os.cpu_count() or 1


def _fields(process: Path) -> Sequence[str]:
    """Return the process's stat from its state on, empty where the system has none."""
    try:
        return (process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ()


def _used_s(fields: Sequence[str]) -> float | None:
    try:
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (ValueError, IndexError):
        return None


def _resident_mb(fields: Sequence[str]) -> int:
    try:
        return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // _MIB
    except (ValueError, IndexError):
        return 0


def _waited_ns(process: Path) -> dict[str, int]:
    """Return the ns that each thread was ready to run without a CPU, by its id."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for thread in (process / "task").iterdir():
            # The thread has ended, or this kernel does not count.
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[thread.name] = int((thread / "schedstat").read_bytes().split()[1])
    return found


def _stolen_s() -> float | None:
    try:
        with Path("/proc/stat").open("rb") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
