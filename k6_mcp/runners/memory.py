"""How much memory k6 may use.

The kernel limits k6's address space (RLIMIT_AS). Only Linux enforces this limit.
"""

import errno
import os
import re
import resource
import sys
from typing import NamedTuple, cast

from k6_mcp.models.plan import MemoryLimit, Planned
from k6_mcp.runners.cpu import usable_cores

_MIB = 1 << 20
_FLOOR_MB = 1_000
# A trivial script takes 0.2 MB a VU, a script with an array of 50,000 rows of CSV 43 MB.
_A_VU_MB = 50
# k6 holds this before a script does anything. `memory_mb` does not count it.
OF_K6_ITSELF_MB = 200
# k6 itself holds this for a browser: frames, requests and their bodies. Chromium's own memory does not count.
_A_BROWSER_MB = 100
# k6 keeps every sample of a trend, and so does its record: 0.26 to 0.41 kB a request.
_A_REQUEST_MB = 0.0005
# Address space that Go and the C library reserve and never use counts too: 1.3 GB with k6 1.1.0, 1.8 GB with
# 2.2.0, and an arena of each thread.
_RESERVED_MB, _RESERVED_A_CORE_MB = 2_000, 160
_RAN_OUT = re.compile(
    rb"^(?:runtime: out of memory|fatal error: .*(?:memory|allocate)|runtime/cgo: pthread_create failed"
    rb"|runtime: failed to create new OS thread)",
    re.MULTILINE,
)

_STARVED = ("can't start new thread", "failed to map segment", "annot allocate memory")
MORE_MEMORY = "raise `ulimit -v` (or the service's LimitAS) of the server: k6 alone reserves 2 GB"


class Allowance(NamedTuple):
    """What one k6 may use; `address_space_kb` is None where the kernel sets no limit."""

    memory_mb: int | None = None
    address_space_kb: int | None = None


def allowance(setting_mb: int | None, planned: Planned | None) -> Allowance:
    """Return what k6 may use, from the setting or from its plan.

    A `setting_mb` of 0 means no limit. None means what the plan can need, at most all memory of the machine.

    Chromium reserves more than any address space that could be a limit, so k6 is watched instead where it
    starts a browser.
    """
    if setting_mb == 0 or sys.platform != "linux":
        return Allowance()
    memory_mb = setting_mb or min(_estimate_mb(planned), max(_FLOOR_MB, _physical_mb()))
    if planned and planned.plan.browser:
        return Allowance(memory_mb)
    reserved_mb = _RESERVED_MB + _RESERVED_A_CORE_MB * usable_cores()
    return Allowance(memory_mb, (memory_mb + reserved_mb) * 1024)


def limit(allowed: Allowance) -> MemoryLimit | None:
    """Return the limit on a k6 that was started with `allowed`.

    This is `allowed`, or the limit on this process itself where that is lower. None if there is neither.
    """
    own = resource.getrlimit(resource.RLIMIT_AS)[0]
    if own != resource.RLIM_INFINITY and (
        allowed.address_space_kb is None or own < allowed.address_space_kb * 1024
    ):
        return MemoryLimit(own // _MIB, of_server=True)
    return MemoryLimit(allowed.memory_mb) if allowed.memory_mb is not None else None


def ran_out(text: bytes) -> bool:
    """Return whether `text` has the words that Go prints when it gets no memory."""
    return bool(_RAN_OUT.search(text))


def starved(error: BaseException) -> bool:
    """Return whether an error means that this process got no memory (objects, threads, libraries)."""
    if isinstance(error, BaseExceptionGroup):
        return any(starved(one) for one in cast("BaseExceptionGroup[BaseException]", error).exceptions)
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, MemoryError) or any(words in str(error) for words in _STARVED)


def too_little() -> str:
    """Return a message about too little memory, with the limit on this process if there is one."""
    found = limit(Allowance())
    return (
        f"too little memory{f': its process is limited to {found.mb} MB of address space' if found else ''}"
    )


def _estimate_mb(planned: Planned | None) -> int:
    if planned is None:
        return _FLOOR_MB
    plan = planned.plan
    vus_mb = _A_VU_MB * plan.max_vus + _A_BROWSER_MB * plan.browser_vus
    return round(_FLOOR_MB + vus_mb + _A_REQUEST_MB * (plan.rps or 0) * plan.longest_s)


def _physical_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB
