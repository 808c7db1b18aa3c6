"""The table of failure kinds: complete, the only one, and the same as in the documents."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from k6_mcp.models.failures import FAILURES, FailureKind, FailureWord
from tests.architecture import package_sources

_ROOT = Path(__file__).parents[2]
_STATUSES = _ROOT / "docs" / "statuses.md"
_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def test_every_failure_kind_has_a_row() -> None:
    assert tuple(FAILURES) == _KINDS


def test_every_failure_kind_has_its_own_word_in_the_one_shot_protocol() -> None:
    words = [row.word for row in FAILURES.values()]
    assert sorted(words) == sorted(get_args(FailureWord))


@pytest.mark.parametrize("kind", _KINDS)
def test_a_failure_is_about_the_target_or_about_the_test(kind: FailureKind) -> None:
    row = FAILURES[kind]

    assert not (row.of_target and (row.of_script or row.ended_early))
    assert row.of_target or row.unusable, "what did not judge the target is nothing to compare with"
    assert not (row.unusable and (row.no_baseline or row.no_example))


def test_no_other_place_lists_failure_kinds() -> None:
    listed = [
        f"{source.module}: line {node.lineno}"
        for source in package_sources(_ROOT)
        if source.module != "models.failures"
        for node in source.nodes
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.MatchOr | ast.Match)
        and len({*_strings(node)} & {*_KINDS}) > 1
    ]
    assert listed == [], "put the fact into a column of FAILURES"


def _strings(node: ast.AST) -> Iterator[str]:
    """Yield the strings in a literal itself, or in the cases of a `match`."""
    for part in ast.iter_child_nodes(node):
        part = part.pattern if isinstance(part, ast.match_case) else part
        part = part.value if isinstance(part, ast.MatchValue) else part
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


@pytest.mark.parametrize("kind", _KINDS)
def test_the_documentation_has_a_row_for_the_kind(kind: FailureKind) -> None:
    rows = [_LINK.sub(r"\1", line) for line in _STATUSES.read_text(encoding="utf-8").splitlines()]
    assert len([row for row in rows if row.startswith(f"| `{kind}` |")]) == 1
