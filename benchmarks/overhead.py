"""Wall time that a tool call on a warm server adds to `k6 run` of the same script."""

from benchmarks.measure import Bench, Row, Table, bare_k6, connected, execute, interleaved, ms, timed

_SHORT_REPEATS, _LONG_REPEATS = 9, 3
_LONG_S = 5.0
_GOAL_S, _GOAL_SHARE = 0.060, 0.03


def _script(url: str, options: str) -> str:
    return f"""
import http from 'k6/http';
import {{ sleep }} from 'k6';
export const options = {options};
export default function () {{ http.get('{url}'); sleep(0.02); }}
"""


async def measure(bench: Bench) -> Table:
    """Measure a run of a few iterations and one of five seconds."""
    short = _script(bench.url, "{ vus: 1, iterations: 5 }")
    long = _script(bench.url, f"{{ vus: 2, duration: '{_LONG_S:g}s' }}")
    rows: list[Row] = []
    async with connected(bench) as client:
        await execute(client, short)
        for what, script, repeats in (
            ("5 iterations", short, _SHORT_REPEATS),
            (f"{_LONG_S:g} s", long, _LONG_REPEATS),
        ):
            seconds = await interleaved(
                repeats,
                bare=lambda script=script: timed(bare_k6(bench, script)),
                ours=lambda script=script: timed(execute(client, script)),
            )
            added = seconds["ours"] - seconds["bare"]
            share = added / seconds["bare"]
            is_long = script is long
            rows.append(
                Row(
                    f"wall time, {what}",
                    ms(seconds["bare"]),
                    ms(seconds["ours"]),
                    f"{ms(added)} ({share:.1%})" if is_long else ms(added),
                    "≤ 60 ms and ≤ 3 %" if is_long else "≤ 60 ms",
                    added <= _GOAL_S and (share <= _GOAL_SHARE or not is_long),
                )
            )
    note = (
        f"Medians of {_SHORT_REPEATS} and {_LONG_REPEATS} interleaved repeats; the server is warm (one run"
        " before)."
    )
    return Table("Overhead of a tool call", rows, note)
