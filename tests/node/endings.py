"""Every way in which a request of a one-shot client can end, as calls of a real process.

Each states what both generations of clients must report.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.node.node import K6_SERVER

Told = Literal["success", "network", "threshold"]
EVERY_WORD = (
    "Request Failed; thresholds on metrics; level=error; Error executing k6 test: Error: connectex: A"
    " connection attempt failed"
)
STOP_WORDS = "http_req_duration iterations execution: local █ TOTAL RESULTS"
CLOSED_PORT = "http://127.0.0.1:9/"
_GET = "http.get('{{target}}');"
_ONCE = {"iterations": 2, "vus": 1}


class Ending(NamedTuple):
    """A call and what must come of it: the word of both generations, `error_type` and the exit code."""

    told: Told
    error_type: str | None
    code: int
    call: Mapping[str, Any]


def script(body: str, options: str = "{}", also: str = "") -> str:
    """Return a script whose iterations do `body`."""
    return f"""
import http from 'k6/http';
import exec from 'k6/execution';
import {{ check, group, sleep }} from 'k6';
import {{ Counter, Trend }} from 'k6/metrics';
export const options = {options};
{also}
export default function () {{ {body} }}
"""


def request(method: str = "execute_k6_test", /, **params: object) -> dict[str, object]:
    """Return one request."""
    return {"method": method, "params": params}


def run(body: str = _GET, options: str = "{}", also: str = "", **params: object) -> dict[str, object]:
    """Return the request of a short test of `script(body, …)`."""
    return {"method": "execute_k6_test", "params": {"script": script(body, options, also), **_ONCE, **params}}


def endings(k6: str, bare_path: str, k6_v2: str = "") -> Mapping[str, Ending]:
    """Return a call for every ending.

    The endings that k6 makes are repeated for each given version. `bare_path` is a PATH without k6.
    """
    failed = _failed()
    with_v2 = {
        f"{name}, k6 2.x": of._replace(call={**of.call, "env": {"K6_BIN": k6_v2}})
        for name, of in failed.items()
        if k6_v2
    }
    return {**_completed(k6, bare_path), **failed, **with_v2, **_refused(bare_path)}


def _completed(k6: str, bare_path: str) -> Mapping[str, Ending]:
    says = json.dumps(f"{EVERY_WORD} {STOP_WORDS}")
    printed = f"console.log({says}); console.warn({says}); console.error({says}); {_GET}"
    named = (
        f"check(1, {{ {says}: () => true, 'fails {EVERY_WORD}': () => false }}); group({says}, () => {{}});"
        f" {_GET}"
    )
    tagged = f"http.get('{{{{target}}}}', {{ tags: {{ name: {says} }} }}); mine.add(1, {{ {says}: {says} }});"
    tagging = "{ thresholds: { 'mine{a:Request Failed}': ['count>=0'] } }"
    on_path = f"{Path(k6).parent}{os.pathsep}{bare_path}"
    return {
        "a test that holds": Ending("success", None, 0, {"request": run()}),
        "a test that holds, stdin open": Ending("success", None, 0, {"request": run(), "closeStdin": False}),
        "a bare name and k6 beside Python": Ending(
            "success", None, 0, _with_env(run(), K6_BIN="k6", PATH=bare_path)
        ),
        "a bare name and k6 on PATH": Ending("success", None, 0, _with_env(run(), K6_BIN="k6", PATH=on_path)),
        "no name and k6 beside Python": Ending(
            "success", None, 0, _with_env(run(), K6_BIN=None, PATH=bare_path)
        ),
        "a script that prints every word": Ending(
            "success", None, 0, {"request": run(printed, name=EVERY_WORD[:118])}
        ),
        "checks and groups with every word": Ending(
            "success", None, 0, {"request": run(named, tags={"a": EVERY_WORD[:90]})}
        ),
        "tags with every word": Ending(
            "success", None, 0, {"request": run(tagged, tagging, "const mine = new Counter('mine');")}
        ),
        "a series": Ending("success", None, 0, {"request": run(repeat=2)}),
        "a history": Ending("success", None, 0, {"request": request("get_history")}),
        "a plan": Ending("success", None, 0, {"request": {**run(printed), "method": "plan_k6_test"}}),
    }


def _failed() -> Mapping[str, Ending]:
    throws = f"throw new Error({json.dumps(f'{STOP_WORDS} {EVERY_WORD}')});"
    crossed, empty = (
        "{ thresholds: { http_req_duration: ['p(95)<0.001'] } }",
        "{ thresholds: { 'http_req_duration{a:b}': ['max<5'] } }",
    )
    dropping = (
        "{ scenarios: { s: { executor: 'constant-arrival-rate', rate: 50, duration: '1s', preAllocatedVUs: 1,"
        " maxVUs: 1 } } }"
    )
    worded = "Request Failed level=error"
    named = f"{{ thresholds: {{ 'http_req_duration{{page:{worded}}}': ['max<0.001'] }} }}"
    page = f"http.get('{{{{target}}}}', {{ tags: {{ page: '{worded}' }} }});"
    unknown = "{ scenarios: { s: { executor: 'iterations level=error Request Failed' } } }"
    stopped = script(f"{_GET} sleep(0.05);", "{ vus: 1, duration: '60s' }")
    shown = json.dumps(f"{STOP_WORDS} {EVERY_WORD}")
    return {
        "a script that does not load": Ending("threshold", "script", 0, {"request": run("let = ;")}),
        "a script that throws while it loads": Ending(
            "threshold", "script", 0, {"request": run(also=throws)}
        ),
        "a setup that throws": Ending(
            "threshold", "script", 0, {"request": run(also=f"export function setup() {{ {throws} }}")}
        ),
        "iterations that all throw": Ending("threshold", "script", 0, {"request": run(f"{_GET} {throws}")}),
        "exec.test.abort": Ending(
            "threshold", "script", 0, {"request": run(f"{_GET} exec.test.abort({shown});")}
        ),
        "exec.test.fail": Ending(
            "threshold", "script", 0, {"request": run(f"{_GET} exec.test.fail({shown});")}
        ),
        "a missing file": Ending(
            "threshold", "script", 0, {"request": run(also="open('./iterations Request Failed.csv');")}
        ),
        "options that k6 refuses": Ending(
            "threshold", "config", 0, {"request": request(script=script(_GET, unknown))}
        ),
        "only failed answers": Ending(
            "threshold", "target", 0, {"request": run("http.get('{{target}}fails');")}
        ),
        "a crossed threshold": Ending("threshold", "threshold", 0, {"request": run(options=crossed)}),
        "a crossed threshold with every word": Ending(
            "threshold", "threshold", 0, {"request": run(page, named)}
        ),
        "a threshold without samples": Ending("threshold", "no_samples", 0, {"request": run(options=empty)}),
        "dropped iterations": Ending(
            "threshold", "load", 0, {"request": request(script=script("sleep(0.3);", dropping))}
        ),
        "a closed port": Ending("network", "network", 0, {"request": run(f"http.get('{CLOSED_PORT}');")}),
        "a closed port and a crossed threshold": Ending(
            "network",
            "network",
            0,
            {"request": run(f"http.get('{CLOSED_PORT}');", crossed, name=STOP_WORDS), "closeStdin": False},
        ),
        "a closed port behind names with every word": Ending(
            "network",
            "network",
            0,
            {"request": run(f"http.get('{CLOSED_PORT}', {{ tags: {{ name: {shown} }} }});")},
        ),
        "a series of failures": Ending(
            "threshold", "target", 0, {"request": run("http.get('{{target}}fails');", repeat=2)}
        ),
        "a signal": Ending(
            "threshold", "cancelled", 143, {"request": request(script=stopped), "signalOnTraffic": "SIGTERM"}
        ),
    }


def _refused(bare_path: str) -> Mapping[str, Ending]:
    deep = f'{{"method":"execute_k6_test","params":{{"script":"x","body":{"[" * 500}{"]" * 500}}}}}'
    deepest = f'{{"method":"execute_k6_test","params":{"[" * 100_000}'
    nowhere = _with_env(run(), K6_BIN="k6-nowhere", PATH=bare_path)
    broken = {**run("let = ;"), "method": "plan_k6_test"}
    small = {"K6_MCP_MAX_SCRIPT_BYTES": "1000"}
    return {
        "no k6 of that path": Ending("threshold", "k6_not_found", 1, _with_env(run(), K6_BIN="/nowhere/k6")),
        "no k6 of that name": Ending("threshold", "k6_not_found", 1, nowhere),
        "no k6 of that name, stdin open": Ending(
            "threshold", "k6_not_found", 1, {**nowhere, "closeStdin": False}
        ),
        "a script file that is not there": Ending(
            "threshold",
            "invalid_arguments",
            1,
            {"request": request(script_file="/nowhere/iterations.js", iterations=1)},
        ),
        "wrong arguments": Ending(
            "threshold", "invalid_arguments", 1, {"request": run(vus=-1, iterations="soon", bogus=EVERY_WORD)}
        ),
        "too many VUs": Ending("threshold", "limit_exceeded", 1, {"request": run(vus=5000, iterations=9000)}),
        "an unknown run": Ending(
            "threshold", "unknown_run", 1, {"request": request("get_run", run_id=EVERY_WORD[:99])}
        ),
        "an unknown method": Ending(
            "threshold", "not_understood", 1, {"request": request(f"iterations {EVERY_WORD}")}
        ),
        "no JSON": Ending("threshold", "not_understood", 1, {"request": f"iterations {EVERY_WORD}"}),
        "no line": Ending("threshold", "not_understood", 1, {"request": ""}),
        "an argument nested deep": Ending("threshold", "invalid_arguments", 1, {"request": deep}),
        "a line nested deep": Ending("threshold", "not_understood", 1, {"request": deepest}),
        "a line too long": Ending(
            "threshold", "limit_exceeded", 1, _with_env(run(body="x" * 3_000_000), **small)
        ),
        "a line too long, stdin open": Ending(
            "threshold", "limit_exceeded", 1, {**_with_env("x" * 3_000_000, **small), "closeStdin": False}
        ),
        "a plan of a script that does not load": Ending("threshold", "script", 1, {"request": broken}),
        "a plan of more than is allowed": Ending(
            "threshold",
            "limit_exceeded",
            1,
            {"request": {**run(vus=5000, iterations=9000), "method": "plan_k6_test"}},
        ),
        "settings that cannot be used": Ending(
            "threshold", "invalid_arguments", 1, _with_env(run(), K6_TIMEOUT=EVERY_WORD)
        ),
    }


def of_ended_runs(ids: Mapping[str, str | None]) -> Mapping[str, Ending]:
    """Return questions about runs of `endings`, whose answers have a `result`, by the ids of those."""

    def of(name: str, told: Told, error_type: str | None, **params: object) -> Ending:
        return Ending(told, error_type, 0, {"request": request("get_run", run_id=ids.get(name), **params)})

    return {
        "the log of a completed run": of("a script that prints every word", "success", None, detail="log"),
        "the script of a failed run": of("iterations that all throw", "threshold", "script", detail="script"),
        "the log of an unanswered run": of("a closed port", "network", "network", detail="log"),
        "the timeline of a breach": of("a crossed threshold", "threshold", "threshold", detail="timeline"),
        "a failed run asked for again": of("exec.test.abort", "threshold", "script"),
    }


def _with_env(request: object, **env: str | None) -> dict[str, Any]:
    return {"request": request, "env": env}


def calls(of: Mapping[str, Ending], env: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the cases for simple_client.mjs; `env` is the rest of each ending's environment."""
    for ending in of.values():
        yield {"command": K6_SERVER, **ending.call, "env": {**env, **ending.call.get("env", {})}}


def path_without_k6(folder: Path) -> str:
    """Return a PATH whose only entry has no k6, and what a server may need."""
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    return str(folder)
