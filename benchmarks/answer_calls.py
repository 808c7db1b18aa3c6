"""The calls whose answers docs/evidence/answers.md shows, in their order."""

from collections.abc import Mapping
from dataclasses import dataclass

BASE = "http://127.0.0.1:8000"
BROKEN = f"import http from 'k6/http';\nexport default function () {{\n  http.get('{BASE}/'\n}}\n"
FAILING = f"import http from 'k6/http';\nexport default function () {{ http.get('{BASE}/status/500'); }}"
REPEATED = {"url": f"{BASE}/", "rate_per_s": 40, "duration": "3s", "repeat": 3, "name": "home page at 40/s"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it shows and sends; an argument `$NAME` is the id of the run that `keep` named."""

    title: str
    tool: str
    arguments: Mapping[str, object]
    keep: str = ""


CALLS = (
    Call(
        "a test that completes",
        "execute_k6_test",
        {"url": f"{BASE}/", "preset": "low", "duration": "5s", "name": "home page"},
        keep="home",
    ),
    Call(
        "a crossed threshold",
        "execute_k6_test",
        {
            "url": f"{BASE}/slow",
            "vus": 2,
            "duration": "3s",
            "slo": {"p95_ms": 100, "error_rate": 0.01},
            "name": "slow page",
        },
        keep="slow",
    ),
    Call(
        "a target that does not answer",
        "execute_k6_test",
        {"url": "http://127.0.0.1:9/", "rate_per_s": 10, "duration": "2s"},
    ),
    Call("a target that only fails", "execute_k6_test", {"script": FAILING, "vus": 1, "iterations": 5}),
    Call("a script that does not load", "execute_k6_test", {"script": BROKEN, "vus": 1, "iterations": 1}),
    Call(
        "a script file with a secret, and tags",
        "execute_k6_test",
        {"script_file": "examples/post_json.js", "env": {"TOKEN": "t0p-s3cret"}, "tags": {"build": "42"}},
    ),
    Call(
        "a test that outlasts `wait_s`",
        "execute_k6_test",
        {"url": f"{BASE}/", "rate_per_s": 20, "duration": "1m", "wait_s": 3},
        keep="long",
    ),
    Call("waiting on", "get_run", {"run_id": "$long", "wait_s": 2}),
    Call("stopping", "stop_run", {"run_id": "$long"}),
    Call("every metric", "get_run", {"run_id": "$home", "detail": "full"}),
    Call("the script that ran", "get_run", {"run_id": "$home", "detail": "script"}),
    Call("what broke", "analyze_run", {"run_id": "$slow"}),
    Call("what would run", "plan_k6_test", {"url": f"{BASE}/", "preset": "medium", "slo": {"p95_ms": 300}}),
    Call("where a script is broken", "plan_k6_test", {"script": BROKEN, "vus": 1, "iterations": 1}),
    Call(
        "what is not allowed",
        "plan_k6_test",
        {"script_file": "examples/get.js", "vus": 5000, "duration": "2h"},
    ),
    Call("past runs", "get_history", {"limit": 2}),
    Call("past runs, filtered", "get_history", {"status": "failed", "failure_kind": "thresholds_exceeded"}),
    Call("three repeats", "execute_k6_test", REPEATED, keep="repeated"),
    Call("of the test with repeats", "set_baseline", {"run_id": "$repeated"}),
    Call("the same test later, once", "execute_k6_test", {**REPEATED, "repeat": 1}),
    Call("the latest run of a test and its baseline", "compare_runs", {"baseline": "home page at 40/s"}),
    Call("refused, other tests", "compare_runs", {"baseline": "$home", "candidate": "$slow"}),
    Call("the tests of the last days", "get_statistics", {"days": 7}),
    Call("a chart", "get_report", {"run_id": "$home", "format": "png"}),
    Call("the server", "check_health", {}),
    Call(
        "refused, not allowed here",
        "execute_k6_test",
        {"script_file": "examples/get.js", "vus": 5000, "duration": "2h"},
    ),
    Call("refused, wrong arguments", "execute_k6_test", {"url": "example.com", "users": 2, "duration": "3"}),
    Call(
        "refused, the script has its own scenarios",
        "execute_k6_test",
        {"script_file": "examples/slo.js", "vus": 2, "duration": "3s"},
    ),
    Call(
        "for clients of older servers",
        "execute_k6_test_with_options",
        {"script_file": "examples/get.js", "duration": "2s", "vus": 2},
    ),
)
