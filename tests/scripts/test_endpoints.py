from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from k6_mcp.scripts.endpoints import endpoints, imported

_ENV: Mapping[str, str] = {"env": "BASE_URL"}


def _names(text: str, env: frozenset[str] = frozenset(), folder: Path | None = None) -> list[str]:
    return [
        "".join(part if isinstance(part, str) else f"<{part['env']}>" for part in parts)
        for parts in endpoints(text, env, folder)
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("http.get('http://h/a');", ["http://h/a"]),
        ('http.get("https://h/a?b=c");', ["https://h/a?b=c"]),
        ("http.get(`http://h/a`)", ["http://h/a"]),
        ("http.get('http:\\u002f\\/h/a')", ["http://h/a"]),
        ("http.get('http://h/ä b')", ["http://h/%C3%A4%20b"]),
        ("http.get('http://h/' + 'a' + '/b');", ["http://h/a/b"]),
        ("http.get('http://h/' + id);", []),
        ("http.get(`http://h/${id}`);", []),
        ("http.get('http://h/a'.replace('a', 'b'));", []),
        ("http.get(ok ? 'http://h/a' : 'http://h/b');", ["http://h/a", "http://h/b"]),
        ("http.get(http.url`http://h/${id}/x`);", ["http://h/${}/x"]),
        ("http.get(u, { tags: { name: 'An item', x: 'y' } });", ["An item"]),
        ("http.get(u, { tags: { 'name': `An ${'item'}` } });", ["An item"]),
        (
            "const BASE = 'http://h'\nhttp.get(BASE + '/a'); http.get(`${BASE}/b`);",
            ["http://h/a", "http://h/b"],
        ),
        ("const HOST = 'h', URL = (`http://${HOST}` + '/x');\nhttp.get(URL);", ["http://h/x"]),
        ("const BASE: string = 'http://h';\ncall('/a'); call('/b');", ["http://h/a", "http://h/b"]),
        ("const BASE = __ENV.NOT_SET || 'http://h'; http.get(BASE + '/a');", ["http://h/a"]),
        ("const BASE = __ENV['NOT_SET'] ?? 'http://h'; http.get(BASE + '/a');", ["http://h/a"]),
        ("const BASE = __ENV.NOT_SET; http.get(BASE + '/a');", []),
        ("// http.get('http://h/a')\n/* 'http://h/b' */ http.get('http://h/c'); // '", ["http://h/c"]),
        ("const quote = /['\"`]/; http.get('http://h/a');", ["http://h/a"]),
        ("http.get('http://h/a,b');", []),
        ("http.get('http://h/?api_key=abc'); http.get('http://user:word@h/');", []),
        ("http.get('http://word@h/');", []),
        (f"http.get('http://h/{'x' * 300}');", []),
        ("not a script at all ' ` ${", []),
        ("", []),
    ],
)
def test_names_of_requests_are_read_from_the_text(text: str, names: list[str]) -> None:
    assert _names(text) == names


def test_the_value_of_a_variable_is_left_to_the_run() -> None:
    text = "const BASE = __ENV.BASE_URL || 'http://h';\nhttp.get(BASE + '/a');"
    assert endpoints(text, {"BASE_URL"}) == [[_ENV, "/a"]]


def test_modules_next_to_the_script_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "base.js").write_text(
        "export const BASE = 'http://h';\nexport const get = () => http.get(`${BASE}/in-lib`);"
    )
    text = (
        "import { BASE } from './lib/base.js';\nimport gone from './gone.js';\nimport http from"
        " 'k6/http';\nhttp.get(BASE + '/a');"
    )
    assert _names(text, folder=tmp_path) == ["http://h/in-lib", "http://h", "http://h/a"]
    assert _names(text) == []


def test_modules_are_found_by_every_import_form_and_through_other_modules(tmp_path: Path) -> None:
    deep, own = tmp_path / "lib" / "deep er.js", tmp_path / "own.js"
    deep.parent.mkdir()
    deep.write_text("const a = 'deep'; import './deep%20er.js'; import '../own.js';")
    own.write_text("const a = 'own'; require('./lib/deep er.js');")
    for text in (
        f"import * as m from 'file://{quote(str(own))}';",
        f"const m = require('{own}');",
        f"export * from '{own}';",
    ):
        assert [*imported(text, None)] == [own.read_text(), deep.read_text()]
    assert [*imported("const m = require('./own.js');", tmp_path)] == [own.read_text(), deep.read_text()]
    assert [
        *imported("const m = require('./own.js'); f('/etc/passwd'); import x from './own.txt';", None)
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        *(
            "`${" * 20_000,
            "/*" * 50_000,
            "'" * 50_000,
            "const a=" + "(" * 50_000,
            "/[" * 20_000,
            "\\" * 50_000,
            "a+" * 50_000,
        ),
        "const a0='x';" + "".join(f"const a{n}=a{n - 1}+a{n - 1};" for n in range(1, 300)),
        "const b='http://h';" + "".join(f"f('/{n}');" for n in range(5_000)),
    ],
    ids=lambda text: text[:8],
)
def test_a_hostile_text_costs_little(text: str) -> None:
    assert len(endpoints(text, set())) <= 60
