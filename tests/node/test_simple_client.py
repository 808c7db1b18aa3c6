"""A client that speaks no MCP reads the right figures and the right kind of failure from one-shot answers."""

from pathlib import Path
from typing import Any

import pytest

from tests.node.node import K6_SERVER, run_program
from tests.target import Target

CLOSED_PORT = "http://127.0.0.1:9/"
EVERY_WORD = "Request Failed; thresholds on metrics; level=error; Error executing k6 test: Error: no"


def script(folder: Path, url: str, *, options: str = "{}", also: str = "") -> str:
    """Write a script that asks for `url` and return its path."""
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


async def call(env: dict[str, str], script_file: str, *, close_stdin: bool = True, **params: object) -> Any:
    """Let the JavaScript client run a test and return what it made of it."""
    request = {"method": "execute_k6_test", "params": {"script_file": script_file, "duration": "1s", "vus": 2, **params}}
    return await run_program(
        "simple_client.mjs", {"command": K6_SERVER, "request": request, "closeStdin": close_stdin, "env": env}
    )


@pytest.mark.parametrize("close_stdin", [True, False], ids=["stdin closed", "stdin open"])
async def test_a_completed_run_is_a_success_with_the_figures_of_its_target(
    server_env: dict[str, str], target: Target, tmp_path: Path, close_stdin: bool
) -> None:
    done = await call(server_env, script(tmp_path, target.url("/ok")), close_stdin=close_stdin)

    assert (done["success"], done["error"], done["code"], done["stderr"]) == (True, None, 0, "")
    assert (done["answer"]["success"], done["answer"]["status"]) == (True, "completed")
    assert done["figures"]["http_reqs"][0] == target.total == done["answer"]["metrics"]["http_reqs"]["values"]["count"]
    assert done["figures"]["http_req_failed"] == [0, 0, target.total]
    assert done["figures"]["checks_succeeded"] == [100, target.total, target.total]
    assert done["figures"]["iterations"][0] == target.total
    assert done["figures"]["vus"][2] == done["answer"]["metrics"]["vus"]["values"]["max"]


async def test_durations_are_read_in_milliseconds_whatever_their_size(
    server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    done = await call(server_env, script(tmp_path, target.url("/delay/1200")), duration="2s")

    values = done["answer"]["metrics"]["http_req_duration"]["values"]
    assert done["figures"]["http_req_duration"] == pytest.approx(
        [values[key] for key in ("avg", "min", "med", "max", "p(90)", "p(95)")], abs=0.01
    )
    assert done["figures"]["http_req_duration"][1] > 1000


async def test_the_requested_load_replaces_the_scripts_own(server_env: dict[str, str], target: Target, tmp_path: Path) -> None:
    options = "{ scenarios: { slow: { executor: 'constant-vus', vus: 1, duration: '10m' } } }"

    done = await call(server_env, script(tmp_path, target.url("/ok"), options=options), vus=3)

    assert done["success"] is True
    assert done["figures"]["vus"][2] == 3


async def test_a_crossed_threshold_is_a_breach(server_env: dict[str, str], target: Target, tmp_path: Path) -> None:
    options = "{ thresholds: { http_req_duration: ['p(95)<0.001'] } }"

    done = await call(server_env, script(tmp_path, target.url("/ok"), options=options))

    assert (done["success"], done["error"]) == (False, "k6 test failed: Performance thresholds exceeded")
    assert done["error"] == done["answer"]["error"]
    assert (done["answer"]["error_type"], done["code"], done["stderr"]) == ("threshold", 0, "")
    assert done["figures"]["http_reqs"][0] == target.total


async def test_a_closed_port_is_a_network_error(server_env: dict[str, str], tmp_path: Path) -> None:
    options = "{ thresholds: { http_req_failed: ['rate<0.01'] } }"

    done = await call(server_env, script(tmp_path, CLOSED_PORT, options=options))

    assert (done["success"], done["error"]) == (False, "k6 test failed: Network connection error")
    assert done["error"] == done["answer"]["error"]
    assert (done["answer"]["error_type"], done["code"], done["stderr"]) == ("network", 0, "")


@pytest.mark.parametrize("method", ["log", "warn", "error"])
async def test_words_that_a_script_prints_mislead_nobody(
    server_env: dict[str, str], target: Target, tmp_path: Path, method: str
) -> None:
    done = await call(server_env, script(tmp_path, target.url("/ok"), also=f"console.{method}('{EVERY_WORD}');"))

    assert (done["success"], done["error"], done["answer"]["status"]) == (True, None, "completed")


async def test_a_script_that_throws_those_words_is_neither_breach_nor_network_error(
    server_env: dict[str, str], target: Target, tmp_path: Path
) -> None:
    done = await call(server_env, script(tmp_path, target.url("/ok"), also=f"throw new Error('{EVERY_WORD}');"))

    assert done["error"] not in ("k6 test failed: Network connection error", "k6 test failed: Performance thresholds exceeded")
    assert (done["answer"]["success"], done["answer"]["error_type"]) == (False, "script")
    assert (done["code"], done["stderr"]) == (0, "")


async def test_a_script_with_a_syntax_error_names_its_place(server_env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "broken.js"
    path.write_text("export default function () { let = ; }", encoding="utf-8")

    done = await call(server_env, str(path))

    assert (done["success"], done["error"]) == (False, "k6 test failed: Invalid output format")
    assert (done["answer"]["error_type"], done["answer"]["status"]) == ("script", "failed")
    assert "1:" in done["answer"]["error"]


async def test_a_missing_script_is_answered_and_ends_with_0(server_env: dict[str, str], tmp_path: Path) -> None:
    done = await call(server_env, str(tmp_path / "nowhere.js"))

    assert done["answer"]["success"] is False
    assert "nowhere.js" in done["answer"]["error"]
    assert (done["code"], done["stderr"]) == (0, "")


async def test_a_method_nobody_knows_ends_with_1(server_env: dict[str, str]) -> None:
    argument = {"command": K6_SERVER, "request": {"method": "make_coffee"}, "closeStdin": True, "env": server_env}

    done = await run_program("simple_client.mjs", argument)

    assert "code 1" in done["rejected"]
    assert "make_coffee" in done["rejected"]
