"""Definitions: from a file, a text or an object to the arguments of a load test."""

from pathlib import Path

import pytest

from k6_mcp.definitions.definition import from_file, from_object, from_text, with_changes
from k6_mcp.errors import InvalidArguments


def test_a_script_file_is_relative_to_the_definition(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text('{"script_file": "shop.js", "vus": 3, "wait_s": 0}', encoding="utf-8")

    assert from_file(file) == {"script_file": str(tmp_path / "shop.js"), "vus": 3}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "7"])
def test_what_is_no_object_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidArguments, match="the definition - ") as refused:
        from_text(text, "-")
    assert "execute_k6_test" in refused.value.hint


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArguments, match="cannot be read"):
        from_file(tmp_path / "nowhere.json")


def test_changes_replace_arguments_and_add_to_env_tags_and_headers() -> None:
    definition = from_object({"vus": 3, "env": {"A": "1", "B": "2"}, "tags": {"a": "b"}}, "here")

    changed = with_changes(definition, {"vus": 5, "env": {"B": "3"}, "headers": {"X": "y"}})

    assert changed == {
        "vus": 5,
        "env": {"A": "1", "B": "3"},
        "tags": {"a": "b"},
        "headers": {"X": "y"},
    }
