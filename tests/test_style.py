"""Style that ruff does not check: line widths and places of comments in files other than Python."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_FOLDERS = ("templates", "examples", "k6_mcp", "lab", "benchmarks", "tests", ".ci")
_SUFFIXES = (".js", ".mjs", ".j2", ".css", ".html", ".proto", ".yml", ".sh")
_ALSO = ("Makefile", ".ci/run")
# Not our own: the vendored chart library, and packages that npm installs
_FOREIGN = ("uPlot", "node_modules")
_COMMENT_BEHIND_CODE = re.compile(r"^(?!\s*(?://|\*|/\*)).*[;,{)\]]\s+// ")


def _own_files() -> Iterator[Path]:
    yield from (ROOT / name for name in _ALSO)
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in _SUFFIXES and not any(part in str(path) for part in _FOREIGN):
                yield path


def _too_long(text: str, width: int) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line.expandtabs(4)) > width]


def _behind_code(text: str) -> list[int]:
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if _COMMENT_BEHIND_CODE.match(line)]


@pytest.fixture(scope="module")
def width() -> int:
    """Return the line width that ruff uses for Python."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["line-length"]


def test_lines_of_every_language_are_as_narrow_as_those_of_python(width: int) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in _own_files()}
    found = {str(path.relative_to(ROOT)): _too_long(text, width) for path, text in texts.items()}

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert {"Makefile", ".ci/run", "templates/_guard.js", "k6_mcp/reports/web/run.html.j2"} <= found.keys()


def test_comments_of_javascript_stand_on_lines_of_their_own() -> None:
    scripts = (path for path in _own_files() if path.suffix in (".js", ".mjs"))
    found = {path.name: _behind_code(path.read_text(encoding="utf-8")) for path in scripts}

    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_long_line_and_a_comment_behind_code_are_found(width: int) -> None:
    text = f"short\n{'x' * width}\n{'x' * (width + 1)}\n\t{'x' * (width - 3)}\n"

    assert _too_long(text, width) == [3, 4]
    assert _behind_code("// fine\nconst a = 1; // why\n  // fine; // too\n  * a, // b\nf({ // c\n") == [2, 5]
