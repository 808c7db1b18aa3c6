"""Marks choose the parts of the suite, in CI and in `make`: each test has those of its folder and its k6."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collected import COLLECTED

ROOT = Path(__file__).parents[1]
MARK_OF_FOLDER = {"k6": "k6", "node": "node", "conformance": "node", "chromium": "chromium"}
_EXPRESSION = re.compile(r"-m '([^']+)'")


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT / "tests").parts[0]


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def _k6_of(item: pytest.Item) -> object:
    return (
        item.callspec.params.get("k6_bin")
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else None
    )


def test_every_test_carries_the_mark_of_its_folder_and_no_other_folders(
    request: pytest.FixtureRequest,
) -> None:
    collected = request.config.stash[COLLECTED]
    folders = set(MARK_OF_FOLDER.values())

    wrong = [
        item.nodeid
        for item in collected
        if (_marks(item) & folders)
        != ({MARK_OF_FOLDER[_folder(item)]} if _folder(item) in MARK_OF_FOLDER else set())
    ]

    assert wrong == []
    assert not _is_whole(request) or {_folder(item) for item in collected} >= MARK_OF_FOLDER.keys()


def test_every_test_on_k6_2_carries_its_mark_and_no_other(request: pytest.FixtureRequest) -> None:
    collected = request.config.stash[COLLECTED]

    assert [item.nodeid for item in collected if ("k6v2" in _marks(item)) != (_k6_of(item) == "v2")] == []
    assert not _is_whole(request) or any(_k6_of(item) == "v2" for item in collected)


def _is_whole(request: pytest.FixtureRequest) -> bool:
    return request.config.args_source is pytest.Config.ArgsSource.TESTPATHS


def test_ci_and_make_choose_by_marks_that_are_declared() -> None:
    declared = set(_declared())
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in (".ci/run", "Makefile")}

    assert [name for name, text in texts.items() if re.search(r"pytest\b.* -k ", text)] == []
    [by_ci] = _EXPRESSION.findall(texts[".ci/run"])
    assert set(by_ci.split(" or ")) == {"k6v2", "node", "chromium", "lasting"}
    pure, fast = re.findall(r"^(?:PURE|FAST) := (.*)$", texts["Makefile"], re.MULTILINE)
    words = set(re.findall(r"\w+", f"{by_ci} {pure} {fast}")) - {"not", "and", "or", "PURE"}
    assert words <= declared
    assert set(re.findall(r"\w+", pure)) - {"not", "and"} == set(MARK_OF_FOLDER.values())


def _declared() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for line in project["tool"]["pytest"]["ini_options"]["markers"]:
        yield line.partition(":")[0]
