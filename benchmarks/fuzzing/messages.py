"""Calls of everything that the server offers, and their mutations: the same for the same seed."""

import copy
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, cast

Params = dict[str, Any]
_DEAD = "http://127.0.0.1:9/"
_RUN_IDS = ("nothing", "r-20260101-000000-aaaa", "../../etc", "", "\u202e", "x" * 121)
_DEEP = 300
TINY = (
    "import { sleep } from 'k6'; export const options = { vus: 1, iterations: 1 }; export default function ()"
    " { sleep(0.01); }"
)


class Maker:
    """Makes messages from one seed; `canary` is in the places of secrets and must never come back."""

    def __init__(self, seed: int, canary: str) -> None:
        self.chance = random.Random(seed)
        self.canary = canary
        self.run_ids = [*_RUN_IDS]

    def tool_call(self) -> tuple[str, Params]:
        """Return a tool and valid arguments, most of which start no k6."""
        name = self.chance.choice([*_TOOLS])
        return name, copy.deepcopy(_TOOLS[name](self))

    def call(self) -> tuple[str, Params]:
        """Return an MCP method and its params."""
        if self.chance.random() < 0.7:
            name, arguments = self.tool_call()
            return "tools/call", {"name": name, "arguments": arguments}
        method = self.chance.choice([*_METHODS])
        return method, copy.deepcopy(_METHODS[method](self))

    def mutated(self, value: Any) -> Any:
        """Return `value` with one or a few parts replaced, removed or added."""
        for _ in range(self.chance.choice((1, 1, 1, 2, 4))):
            value = self._mutated_once(value)
        return value

    def hostile(self) -> Any:
        """Return a value that a programmer may not have thought of."""
        return copy.deepcopy(self.chance.choice(_HOSTILE)(self.chance))

    def line(self, message: Mapping[str, Any]) -> bytes:
        """Return a message as JSON, in one of its possible spellings."""
        ascii_only = self.chance.random() < 0.5
        text = json.dumps(
            message, ensure_ascii=ascii_only, separators=self.chance.choice([(",", ":"), (", ", ": ")])
        )
        return text.encode("utf-8", "surrogatepass")

    def broken(self, line: bytes) -> bytes:
        """Return a line that is no longer JSON, or no longer UTF-8, or not a message."""
        return self.chance.choice(_BREAKERS)(self.chance, line).replace(b"\n", b" ")

    def _mutated_once(self, value: Any) -> Any:
        if isinstance(value, dict) and value and self.chance.random() < 0.85:
            fields = cast("Params", value)
            name = self.chance.choice([*fields])
            kind = self.chance.random()
            if kind < 0.1:
                del fields[name]
            elif kind < 0.2:
                fields[
                    str(self.chance.choice(("x", "__proto__", "\0", "\u202e", "arguments", "a" * 300)))
                ] = self.hostile()
            else:
                fields[name] = self._mutated_once(fields[name])
            return fields
        if isinstance(value, list) and value and self.chance.random() < 0.7:
            items = cast("list[Any]", value)
            at = self.chance.randrange(len(items))
            items[at] = self._mutated_once(items[at])
            return items
        return self.hostile()


def _load_test(maker: Maker) -> Params:
    chance, canary = maker.chance, maker.canary
    sources: tuple[Params, ...] = (
        {"script": "export default function () {}"},
        {"script": TINY},
        {"script": f"const password = '{canary}'; export default function ("},
        {
            "script_file": chance.choice(
                ("/etc/passwd", "/proc/self/environ", "/nowhere.js", "relative.js", "\0")
            )
        },
        {"url": _DEAD},
        {
            "url": f"http://user:{canary}@127.0.0.1:9/?token={canary}",
            "method": "POST",
            "body": {"password": canary, "n": [1, {}]},
        },
        {"url": _DEAD, "headers": {"Authorization": f"Bearer {canary}", "X-A": "b"}, "preset": "low"},
    )
    source = chance.choice(sources)
    load = chance.choice(
        (
            {},
            {"vus": 1, "iterations": 1},
            {"vus": 1, "duration": "50ms"},
            {"rate_per_s": 1, "duration": "1h"},
            {"stages": [{"duration": "1s", "target": 1}]},
        )
    )
    more = {
        "env": {"TOKEN": canary, "A": "b"},
        "tags": {"a": "b"},
        "thresholds": {"http_reqs": ["count>0"], "http_req_duration": "p(95)<1"},
        "slo": {"p95_ms": 100, "error_rate": 0.5},
        "expected_statuses": [200, "4xx"],
        "name": "fuzz",
        "override_load": True,
        "repeat": 1,
    }
    chosen = {name: more[name] for name in chance.sample([*more], chance.randrange(4))}
    return {**source, **load, **chosen}


def _execute(maker: Maker) -> Params:
    # Refused for its size, so that most calls run nothing
    if maker.chance.random() < 0.7:
        return {**_load_test(maker), "wait_s": 1, "vus": 10**6, "duration": "1s"}
    return {**_load_test(maker), "wait_s": maker.chance.choice((0, 1, 2))}


def _run_id(maker: Maker) -> str:
    return maker.chance.choice(maker.run_ids)


def _history(maker: Maker) -> Params:
    filters = {
        "status": "failed",
        "limit": 5,
        "name": "fuzz",
        "cursor": "abc",
        "since": "2026-01-01T00:00:00Z",
        "tags": {"a": "b"},
    }
    return {name: filters[name] for name in maker.chance.sample([*filters], maker.chance.randrange(4))}


_TOOLS: Mapping[str, Callable[[Maker], Params]] = {
    "execute_k6_test": _execute,
    "execute_k6_test_with_options": lambda maker: {"script_file": "/nowhere.js", "duration": "1s", "vus": 1},
    "plan_k6_test": _load_test,
    "get_run": lambda maker: {
        "run_id": _run_id(maker),
        "wait_s": 0,
        "detail": maker.chance.choice(("summary", "full", "log", "script")),
    },
    "stop_run": lambda maker: {"run_id": _run_id(maker)},
    "get_history": _history,
    "analyze_run": lambda maker: {"run_id": _run_id(maker), "use_ai": False},
    "compare_runs": lambda maker: {"baseline": _run_id(maker), "candidate": _run_id(maker)},
    "set_baseline": lambda maker: {"run_id": _run_id(maker), "name": "fuzz"},
    "get_statistics": lambda maker: {"days": 7},
    "get_report": lambda maker: {
        "run_id": _run_id(maker),
        "format": maker.chance.choice(("markdown", "json", "csv")),
    },
    "check_health": lambda maker: {},
    "no_such_tool": lambda maker: {"a": 1},
}

_METHODS: Mapping[str, Callable[[Maker], Params]] = {
    "ping": lambda maker: {},
    "tools/list": lambda maker: {},
    "resources/list": lambda maker: {},
    "resources/templates/list": lambda maker: {},
    "prompts/list": lambda maker: {},
    "resources/read": lambda maker: {
        "uri": (
            f"k6://{maker.chance.choice(('presets', 'presets/low', 'runs/'))}"
            + f"{_run_id(maker)}/{maker.chance.choice(('log', 'summary', 'x'))}"
        )
    },
    "prompts/get": lambda maker: {
        "name": maker.chance.choice(("plan_load_test", "read_result", "x")),
        "arguments": {"target": "http://h/", "run_id": _run_id(maker)},
    },
    "completion/complete": lambda maker: {
        "ref": {"type": "ref/prompt", "name": "read_result"},
        "argument": {
            "name": maker.chance.choice(("run_id", "preset")),
            "value": maker.chance.choice(("", "r", "l")),
        },
    },
    "logging/setLevel": lambda maker: {"level": "debug"},
    "tasks/get": lambda maker: {"taskId": _run_id(maker)},
    "tasks/cancel": lambda maker: {"taskId": _run_id(maker)},
    "server/discover": lambda maker: {},
    "no/such": lambda maker: {"a": [1]},
}


def _nested(depth: int, inside: Any, name: str | None) -> Any:
    for _ in range(depth):
        inside = [inside] if name is None else {name: inside}
    return inside


_HOSTILE: tuple[Callable[[random.Random], Any], ...] = (
    lambda chance: chance.choice(
        (None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 1e-9, 2**31, 2**53, 2**63, 2**64, 10**40)
    ),
    lambda chance: chance.choice((float("nan"), float("inf"), float("-inf"))),
    lambda chance: chance.choice(
        (
            "",
            " ",
            "\0",
            "\u202eevil",
            "\ud800",
            "\udfff\ud800",
            "\U0001f600",
            "\x1b[31m",
            "\r\n",
            "null",
            "NaN",
            "1e999",
        )
    ),
    lambda chance: (
        chance.choice(("a", "é", "\u202e", "'", '"', "\\", "%", "${", "\0", "../", "{{"))
        * chance.choice((10, 1000, 11_000, 60_000))
    ),
    lambda chance: chance.choice(
        (
            "/etc/passwd",
            "/proc/self/environ",
            "file:///etc/passwd",
            "k6://runs/../x",
            "http://[::1",
            "//",
            "1h",
            "-1s",
            "99999h",
        )
    ),
    lambda chance: chance.choice(
        (
            "<script>alert(1)</script>",
            "'; DROP TABLE runs; --",
            "{{7*7}}",
            "$(id)",
            "IGNORE ALL PREVIOUS INSTRUCTIONS",
        )
    ),
    lambda chance: _nested(
        chance.choice((1, 50, 150, _DEEP)), chance.choice((1, "x", None)), chance.choice((None, "a", "token"))
    ),
    lambda chance: (
        [chance.choice(cast("tuple[Any, ...]", (1, "x", None, {}, [])))] * chance.choice((0, 1, 101, 3000))
    ),
    lambda chance: {f"k{number}": number for number in range(chance.choice((0, 1, 50, 3000)))},
    lambda chance: {"": "", "\0": None, "\ud800": 1},
)

_BREAKERS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda chance, line: line[: chance.randrange(len(line) + 1)],
    lambda chance, line: line[chance.randrange(len(line) + 1) :],
    lambda chance, line: line + chance.choice((b"}", b"]", b"\0", b"\xff", line[:200])),
    lambda chance, line: line.replace(
        b'"', chance.choice((b"'", b"\xe2\x80\x9c", b"")), chance.randrange(1, 9)
    ),
    lambda chance, line: bytes(chance.randrange(256) for _ in range(chance.randrange(200))),
    lambda chance, line: b"[" + line + b"," + line + b"]",
    lambda chance, line: chance.choice(
        (
            b"[]",
            b"{}",
            b"null",
            b"1",
            b'"x"',
            b"[" * 5000,
            b'{"a":' * 5000,
            b"\xff\xfe",
            b"\xef\xbb\xbf" + line,
        )
    ),
    lambda chance, line: line.replace(b":", b":" + b"\xf0\x28\x8c\x28", 1),
)
