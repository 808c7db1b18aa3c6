"""The pages of docs/evidence, which benchmarks write and `tests/test_evidence.py` holds to the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / "docs" / "evidence"

_SEPARATOR = re.compile(r"\|(?: --- \|)+")
_RUN_ID = re.compile(r"\br-\d{8}-[a-z0-9]{16}\b")
_SHA = re.compile(r"\b[0-9a-f]{64}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z")
_NUMBER = re.compile(r"-?\b\d+(?:[.,:]\d+)*")
_PLURAL = re.compile(r"# ([A-Za-z]+)s\b")


def write(name: str, text: str) -> None:
    """Replace the page `name`."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / name).write_text(text, encoding="utf-8")


def read(name: str) -> str:
    """Return the page `name` as it is stored."""
    return (FOLDER / name).read_text(encoding="utf-8")


def words(text: str) -> str:
    """Return `text` without what differs from run to run: ids, times, hashes, numbers and their plurals."""
    for pattern, mark in ((_RUN_ID, "r-#"), (_TIME, "#"), (_SHA, "#"), (_NUMBER, "#"), (_PLURAL, r"# \1")):
        text = pattern.sub(mark, text)
    return text


def leaves(path: str, value: object) -> Iterator[str]:
    """Yield a line for each value of a JSON document, without figures; the items of a list have one path."""
    if isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            yield from leaves(f"{path}.{words(name)}", item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from leaves(f"{path}[]", item)
    elif isinstance(value, str):
        # Which fields may quote others depends on the warnings of the run.
        said = value.partition(": ")[0] if path.endswith(".untrusted") else value
        yield f"{path} = {words(said)}"
    else:
        yield f"{path} = {value if isinstance(value, bool) or value is None else '#'}"


def table(*rows: tuple[str, ...]) -> list[str]:
    """Return the lines of a Markdown table; the first row is its head."""
    head, *body = rows
    return [_line(head), _line(("---",) * len(head)), *(_line(row) for row in body)]


def cells(page: str, head: str) -> list[tuple[str, ...]]:
    """Return the rows of the table in `page` whose first column is called `head`."""
    lines = iter(page.splitlines())
    for line in lines:
        if line.startswith(f"| {head} |") and _SEPARATOR.fullmatch(next(lines, "")):
            break
    rows: list[tuple[str, ...]] = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line[1:-1].split("|")))
    return rows


def _line(row: tuple[str, ...]) -> str:
    return f"| {' | '.join(row)} |"
