"""docs/evidence/answers.md shows what the tools answer now: same calls, compared by shape and words."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import answers
from benchmarks.evidence import leaves, read

_ANSWER = re.compile(r"^```(json|text)\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
# What a run of the same test may have or lack, by what the machine and its other work do to it.
_VARIES = (
    r"\.(warnings|notes|observations|components)\b",
    r"\.figures\.(vus_allocated|cpu_wait_s|steal_s|iterations_interrupted|iterations_dropped)$",
    r"\.metrics\.dropped_iterations\b",
    r"compare_runs.*\.(change|sentence|method)$",
    r"next_cursor$",
)


@pytest.mark.lasting
async def test_the_page_of_answers_is_what_the_tools_answer_now(any_k6: str, tmp_path: Path) -> None:
    made = shapes(answers.page(await answers.called(any_k6, tmp_path)))
    stored = shapes(read(answers.NAME))

    assert made.keys() == stored.keys()
    differing = {title: sorted(constant(made[title] ^ stored[title])) for title in made}
    assert {title: lines for title, lines in differing.items() if lines} == {}, (
        "call `make evidence PAGES=answers`"
    )


def shapes(page: str) -> dict[str, set[str]]:
    """Return the content of each section of `page`, without figures, ids and times."""
    head, *sections = page.split("\n## ")
    found = {"": {head}}
    for section in sections:
        title = section.partition("\n")[0]
        found[title] = {
            line
            for kind, text in _ANSWER.findall(section)
            for line in leaves(title, json.loads(text) if kind == "json" else text)
        }
    return found


def constant(lines: set[str]) -> set[str]:
    """Return the lines without those that may differ."""
    return {
        line for line in lines if not any(re.search(pattern, line.partition(" = ")[0]) for pattern in _VARIES)
    }
