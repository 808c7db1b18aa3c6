"""`python -m benchmarks [NAME …]`: run the benchmarks, all by default, and print Markdown tables.

`fuzz` has arguments of its own.
"""

import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from benchmarks import (
    answers,
    clients,
    compare,
    findings,
    fuzz,
    history,
    latency,
    memory,
    oneshot,
    overhead,
    rate,
    reports,
    stalls,
    startup,
    tokens,
)
from benchmarks.measure import Bench, Table
from benchmarks.target import open_target
from k6_mcp.runners.find_k6 import locate
from k6_mcp.runners.version import probe

_ALL: Mapping[str, Callable[[Bench], Awaitable[Table]]] = {
    "overhead": overhead.measure,
    "oneshot": oneshot.measure,
    "startup": startup.measure,
    "latency": latency.measure,
    "rate": rate.measure,
    "memory": memory.measure,
    "tokens": tokens.measure,
    "history": history.measure,
    "clients": clients.measure,
    "reports": reports.measure,
    "answers": answers.measure,
    "findings": findings.measure,
    "compare": compare.measure,
    "stalls": stalls.measure,
}


async def _run(names: list[str]) -> bool:
    k6 = await probe(locate(os.environ.get("K6_BIN"), os.environ.get("PATH", "")))
    _print(
        f"k6 {k6.version}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
        f" {platform.machine()}\n"
    )
    holds = True
    with tempfile.TemporaryDirectory(prefix="k6-mcp-bench-") as folder, open_target() as url:
        bench = Bench(k6=str(k6.path), url=f"{url}/", folder=Path(folder))
        for name in names or _ALL:
            table = await _ALL[name](bench)
            _print(table.markdown())
            holds = holds and all(row.holds is not False for row in table.rows)
    return holds


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _fuzz(arguments: list[str]) -> int:
    table, nothing_found = fuzz.run(arguments)
    _print(table)
    return 0 if nothing_found else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["fuzz"]:
        sys.exit(_fuzz(sys.argv[2:]))
    if unknown := set(sys.argv[1:]) - set(_ALL):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; choose from {', '.join(_ALL)}")
    sys.exit(0 if asyncio.run(_run(sys.argv[1:])) else 1)
