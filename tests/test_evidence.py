"""The pages of docs/evidence have the shape, the rows and the words that the code gives them."""

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchmarks import answers, compare, comparison_page, findings_page
from benchmarks.answer_calls import CALLS
from benchmarks.evidence import cells, read, words

ROOT = Path(__file__).parents[1]
FINDINGS = read(findings_page.NAME)
COMPARISON = read(comparison_page.NAME)
ANSWERS = read(answers.NAME)

_CALL = re.compile(r"^## (\w+: .+)\n\n```json\n(.+)\n```$", re.MULTILINE)
_BETWEEN = re.compile(r"[^\sA-Za-z'-]+")


def phrases(text: str) -> Iterator[list[str]]:
    """Yield what is between figures and signs, as words."""
    for phrase in _BETWEEN.split(text):
        yield phrase.split()


def spoken() -> tuple[set[tuple[str, str]], set[str], set[str]]:
    """Return the pairs of words inside the texts of the code, and the words that texts end and begin with."""
    inside: set[tuple[str, str]] = set()
    last, first = set[str](), set[str]()
    for path in sorted((ROOT / "k6_mcp").rglob("*.py")):
        for text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
            found = list(phrases(text))
            inside.update(pair for phrase in found for pair in pairwise(phrase))
            first.update(found[0][:1])
            last.update(found[-1][-1:])
    return inside, last, first


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_page_of_findings_has_the_rules_and_runs_of_the_code() -> None:
    assert findings_page.page(findings_page.parsed(FINDINGS)) == FINDINGS, (
        "call `make evidence PAGES=findings`"
    )


def test_the_page_of_findings_shows_every_rule_and_no_false_alarm() -> None:
    assert "**missed**" not in FINDINGS
    assert "**false**" not in FINDINGS


def test_the_page_of_findings_speaks_the_words_of_the_rules() -> None:
    inside, last, first = spoken()

    messages = [(row[1], row[-1]) for row in cells(FINDINGS, "Run")]
    messages += re.findall(r'"(message|recommendation|note)": "(.+)"', FINDINGS)
    unknown = {
        (where, " ".join(pair))
        for where, message in messages
        for phrase in phrases(message)
        for pair in pairwise(phrase)
        if pair not in inside and not (pair[0] in last and pair[1] in first)
    }

    assert unknown == set(), "call `make evidence PAGES=findings`"


def test_the_page_of_comparisons_has_the_shape_that_the_benchmark_writes() -> None:
    counted = comparison_page.parsed(COMPARISON)

    assert comparison_page.page(counted, **compare.SIZES) == COMPARISON, "call `make evidence PAGES=compare`"
    assert [row[0] for row in counted.rates] == compare.labels()


def test_the_page_of_answers_shows_the_calls_of_the_code() -> None:
    shown = [(title, words(arguments)) for title, arguments in _CALL.findall(ANSWERS)]

    assert shown == [
        (f"{call.tool}: {call.title}", words(_with_ids(json.dumps(dict(call.arguments))))) for call in CALLS
    ]


def _with_ids(arguments: str) -> str:
    """Return arguments with an id in place of the name of a kept run."""
    return re.sub(r"\$[a-z]+", "r-20260101-abcdefghijklmnop", arguments)
