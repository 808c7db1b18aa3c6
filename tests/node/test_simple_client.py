"""A client that speaks no MCP reads the right figures from one-shot answers."""

from pathlib import Path
from typing import Any

import pytest

from lab.target import Target
from tests.node.node import K6_SERVER, run_client

CLOSED_PORT = "http://127.0.0.1:9/"


def script(folder: Path, url: str, *, options: str = "{}", also: str = "") -> str:
    """Write a script that requests `url` and return its path."""
    path = folder / "load.js"
    path.write_text(
        f"""
import http from 'k6/http';
import {{ check, sleep }} from 'k6';
export const options = {options};
export default function () {{
  check(http.get('{url}'), {{ ok: (r) => r.status === 200 }});
  {also}
  sleep(0.02);
}}
""",
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture
async def told(server_env: dict[str, str], target: Target, tmp_path: Path) -> Any:
    """What the client reads of a slow target, and of a test whose load replaces the script's own."""
    slow = script(tmp_path, target.url("/delay/1200"))
    own_load = "{ scenarios: { slow: { executor: 'constant-vus', vus: 1, duration: '10m' } } }"
    (tmp_path / "other").mkdir()
    replaced = script(tmp_path / "other", target.url("/ok"), options=own_load)
    load = (
        {"script_file": slow, "duration": "2s", "vus": 2},
        {"script_file": replaced, "duration": "1s", "vus": 3},
    )
    calls = [
        {"command": K6_SERVER, "env": server_env, "request": {"method": "execute_k6_test", "params": params}}
        for params in load
    ]
    return await run_client(calls, tmp_path)


async def test_figures_are_read_in_milliseconds_and_are_those_of_the_target(
    told: Any, target: Target
) -> None:
    slow, replaced = told

    values = slow["answer"]["metrics"]["http_req_duration"]["values"]
    assert slow["figures"]["http_req_duration"] == pytest.approx(
        [values[key] for key in ("avg", "min", "med", "max", "p(90)", "p(95)")], abs=0.01
    )
    assert slow["figures"]["http_req_duration"][1] > 1000
    assert replaced["figures"]["vus"][2] == 3 == replaced["answer"]["metrics"]["vus"]["values"]["max"]
    for one, path in ((slow, "/delay/1200"), (replaced, "/ok")):
        count = target.requests[path]
        assert (
            one["figures"]["http_reqs"][0]
            == count
            == one["answer"]["metrics"]["http_reqs"]["values"]["count"]
        )
        assert one["figures"]["http_req_failed"] == [0, 0, count]
        assert one["figures"]["checks_succeeded"] == [100, count, count]
        assert one["figures"]["iterations"][0] == count
