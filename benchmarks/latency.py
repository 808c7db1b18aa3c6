"""How fast the server answers other requests while a test is running."""

from mcp import Client

from benchmarks.measure import Bench, Row, Table, connected, execute, interleaved, ms, timed

_REPEATS, _RUN_REPEATS = 40, 9
_GOAL_S = 0.020


def _script(url: str, options: str) -> str:
    return f"""
import http from 'k6/http';
import {{ sleep }} from 'k6';
export const options = {options};
export default function () {{ http.get('{url}'); sleep(0.02); }}
"""


async def measure(bench: Bench) -> Table:
    """Measure tools/list and a short second run, idle and during a running test."""
    async with connected(bench) as client:
        await execute(client, _script(bench.url, "{ iterations: 2 }"))
        idle = await _both(bench, client)
        result = await execute(client, _script(bench.url, "{ vus: 5, duration: '60s' }"), wait_s=1)
        assert result.structured_content is not None
        busy = await _both(bench, client)
        await client.call_tool("stop_run", {"run_id": result.structured_content["run_id"]})
    rows = [
        Row(
            what,
            ms(idle[name]),
            ms(busy[name]),
            ms(busy[name] - idle[name]),
            "< 20 ms more",
            busy[name] - idle[name] < _GOAL_S,
        )
        for name, what in (("listed", "tools/list"), ("ran", "a second run (3 iterations)"))
    ]
    note = (
        f"Medians of {_REPEATS} and {_RUN_REPEATS}; the running test has 5 VUs and about 240 requests per"
        " second."
    )
    return Table("Latency while a test is running", rows, note, ("", "idle", "test running", "added"))


async def _both(bench: Bench, client: Client) -> dict[str, float]:
    script = _script(bench.url, "{ iterations: 3 }")
    listed = await interleaved(_REPEATS, listed=lambda: timed(client.list_tools(cache_mode="bypass")))
    ran = await interleaved(_RUN_REPEATS, ran=lambda: timed(execute(client, script)))
    return {**listed, **ran}
