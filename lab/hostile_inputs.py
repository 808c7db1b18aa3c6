"""Inputs that try to make the server slow, in any size; benchmarks and tests share them."""

import json
from collections.abc import Callable, Mapping

JsonObject = dict[str, object]

_UNITS: Mapping[str, str] = {
    "double quotes": '"',
    "single quotes": "'",
    "backticks": "`",
    "three kinds of quotes": "'\"`",
    "escaped quotes": "\\'",
    "escaped double quotes": '\\"',
    "backslashes": "\\",
    "escapes of JSON": "\\u0022",
    "escapes of URLs": "%5c%25",
    "bidi characters": "\u202e",
    "astral characters": "\U0001f600",
    "NUL characters": "\0",
    "line breaks": "\n",
    "blanks": " ",
    "one letter": "x",
    "one letter and a line break": "x\n",
    "adjacent literals": "'a'",
    "literals and blanks": "'a' ",
    "a sum of literals": "'a'+",
    "literals with or": "'a'||",
    "literals with ??": "'a'??",
    "literals in parentheses": "('a'+",
    "open parentheses": "(",
    "open braces": "{",
    "open brackets": "[",
    "insertions": "${",
    "open templates": "`${",
    "templates in templates": "`${`",
    "open classes of a regex": "/[",
    "classes of a regex": "=/[a]",
    "slashes": "/",
    "open comments": "/*",
    "Bearer": "Bearer ",
    "Bearer and a token": "Bearer abcdef1 ",
    "URLs with users": "http://a:b@c/d?e=f ",
    "URLs with tokens": "http://h/?token=abcdef1&x=1 ",
    "schemes": "://a:",
    "base64": "YWJj",
    "JWT beginnings": "eyJ",
    "JWT beginnings with dashes": "eyJ-",
    "JWT parts": "eyJaaaaaaaa.",
    "names of secrets": "token",
    "names of secrets with dashes": "api_key-",
    "open secrets": "token: '",
    "open secrets with escapes": "token:\\'",
    "bare secrets": "token=aaaa1 ",
    "secrets after a colon": "token: aaaaaaa ",
    "question marks": "?",
    "parameters": "?a",
    "secret parameters": "?token=a",
    "ampersands": "&a",
    "header lines": "authorization: a\n",
    "names in tags": "tags:{name:'a'},",
    "names by url": "url`a${1}`,",
    "paths": "'/a',",
    "variables": "__ENV.A+",
}


def texts(size: int) -> Mapping[str, str]:
    """Return texts of about `size` characters, by a description of their content."""
    made = {name: (unit * (size // len(unit) + 1))[:size] for name, unit in _UNITS.items()}
    return made | {name: make(size)[:size] for name, make in _MADE.items()}


def _constants(size: int) -> str:
    return "".join(f"const v{i}='http://h{i}';g('http://x{i}/');" for i in range(size // 40))


def _long_constant(size: int) -> str:
    return f"const a='http://{'b' * (size // 2)}';" + "a," * (size // 4)


def _doubled_constants(size: int) -> str:
    return "const a0='aaaaaaaaaa';" + "".join(f"const a{i + 1}=a{i}+a{i};" for i in range(size // 20))


def _tokens(size: int) -> str:
    return "".join(f"'Bearer tok{i:06d}';" for i in range(size // 20))


def _after_a_secret(size: int) -> str:
    return "token " + "'" * size


_MADE: Mapping[str, Callable[[int], str]] = {
    "many constants": _constants,
    "a long constant": _long_constant,
    "doubled constants": _doubled_constants,
    "many tokens": _tokens,
    "a secret's name and quotes": _after_a_secret,
}


def valid_script(text: str) -> str:
    """Return a script that k6 accepts, with `text` in a comment on lines of its own."""
    return f"export default function () {{}}\n/* {text.replace('*/', '* /')} */\n"


def bodies(size: int) -> Mapping[str, object]:
    """Return JSON values of about `size` bytes for a request's body."""
    nothing: list[int] = []
    return {
        "a list of numbers": [1] * (size // 3),
        "a list of lists": [nothing] * (size // 4),
        "a list of fields": [{"a": 1}] * (size // 10),
        "secret fields": [{"token": "abcdef1"}] * (size // 22),
        "deep lists": _nested(150, lambda inside: [inside]),
        "deep objects": _nested(150, lambda inside: {"token": inside}),
        "one object of many names": {f"k{i}": i for i in range(size // 16)},
        "JSON within JSON": json.dumps(
            json.dumps(json.dumps({"token": "x" * 8, "rest": '"' * (size // 40)}))
        ),
        "a form": "&".join(f"token{i}=abcdef{i}" for i in range(size // 22)),
        "a long text with a secret": "password=opensesame1&" + "x" * (size // 20),
        "quotes in 100 kB": '{"token":"' + "'\\\"" * (size // 40) + '"}',
    }


def _nested(depth: int, wrap: Callable[[object], object]) -> object:
    value: object = 1
    for _ in range(depth):
        value = wrap(value)
    return value


def variables(total: int, largest: int) -> Mapping[str, Mapping[str, str]]:
    """Return sets of environment variables of `total` bytes in all, none longer than `largest`."""
    count = total // (largest + 10)
    return {
        "large values": {f"V{i}": f"{i}-" + "a1" * (largest // 2 - 4) for i in range(count)},
        "large values of quotes": {f"V{i}": f"{i}" + "\"'" * (largest // 2 - 4) for i in range(count)},
        "large values of many characters": {
            f"V{i}": "".join(chr(33 + (i + j * 7) % 90) for j in range(largest - 10)) for i in range(count)
        },
        "many values": {f"V{i}": f"value{i}x" for i in range(total // 20)},
    }


def criteria(size: int) -> Mapping[str, JsonObject]:
    """Return thresholds, headers and other arguments with many entries, `size` bytes of each."""
    return {
        "thresholds of many metrics": {"thresholds": {f"metric_{i}": ["count>0"] for i in range(size // 26)}},
        "many thresholds of one metric": {
            "thresholds": {"http_reqs": [f"count>{i}" for i in range(size // 16)]}
        },
        "many headers": {"headers": {f"X-H{i}": f"v{i}" for i in range(size // 20)}},
        "many secret headers": {"headers": {f"X-Token-{i}": f"secret{i}" for i in range(size // 28)}},
        "a long header": {"headers": {"X-A": "token=" * (size // 6)}},
        "a long name": {"name": "x" * size},
        "many unknown arguments": {f"a{i}": i for i in range(size // 12)},
        "many statuses": {"expected_statuses": ["2xx"] * (size // 6)},
        "a long url": {"url": "http://127.0.0.1:9/?" + "token=a&" * (size // 8)},
    }
