"""Wall time of one request in one-shot mode, from spawn to the answer, against `k6 run` of the same script."""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.measure import Bench, Row, Table, bare_k6, interleaved, ms, timed

_REPEATS = 9
_GOAL_S = 0.200
_ENTRY = Path(__file__).parent.parent / "k6_server.py"


async def measure(bench: Bench) -> Table:
    """Measure a run of a few iterations through the entry script."""
    script = f"import http from 'k6/http';\nexport const options = {{ vus: 1, iterations: 5 }};\nexport default () => http.get('{bench.url}');\n"
    file = bench.folder / "oneshot.js"
    file.write_text(script, encoding="utf-8")
    request = json.dumps({"method": "execute_k6_test", "params": {"script_file": str(file)}}) + "\n"

    async def ours() -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(_ENTRY)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=bench.environment(),
        )
        stdout, _ = await process.communicate(request.encode())
        if not json.loads(stdout)["success"]:
            raise RuntimeError(f"one-shot answered {stdout[:500]!r}")

    seconds = await interleaved(_REPEATS, bare=lambda: timed(bare_k6(bench, script)), ours=lambda: timed(ours()))
    added = seconds["ours"] - seconds["bare"]
    row = Row("wall time, 5 iterations", ms(seconds["bare"]), ms(seconds["ours"]), ms(added), "≤ 200 ms", added <= _GOAL_S)
    note = f"Medians of {_REPEATS} interleaved repeats; each starts a new Python process and ends it."
    return Table("Overhead of a one-shot request", [row], note)
