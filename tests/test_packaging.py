"""What `make` and pip install: pinned, by hash, from wherever the machine's pip looks."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = ("constraints.txt", "constraints-dev.txt")


def pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """Return version and hashes of every package that a file pins."""
    found: dict[str, tuple[str, list[str]]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8")):
        if match := re.match(r"([a-z0-9-]+)==(\S+)", block):
            found[match[1]] = (match[2], re.findall(r"--hash=sha256:[0-9a-f]{64}", block))
    return found


def names(requirements: list[str]) -> set[str]:
    """Return the package names of requirements."""
    return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("file", FILES)
def test_every_pin_has_hashes_and_no_address(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")

    assert [name for name, (_, hashes) in pins(file).items() if not hashes] == []
    assert len(pins(file)) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 20
    assert "://" not in text


def test_everything_the_project_needs_is_pinned() -> None:
    groups = PROJECT["dependency-groups"]
    needed = names(
        [
            *PROJECT["project"]["dependencies"],
            *PROJECT["project"]["optional-dependencies"]["k6"],
            *groups["build"],
        ]
    )

    assert needed - pins("constraints.txt").keys() == set()
    assert (needed | names(groups["dev"])) - pins("constraints-dev.txt").keys() == set()


def test_tests_run_with_the_versions_that_are_installed() -> None:
    everything = pins("constraints-dev.txt")

    assert {name: everything.get(name) for name in pins("constraints.txt")} == pins("constraints.txt")


def test_k6_is_pinned_for_every_platform_it_is_packaged_for() -> None:
    version, hashes = pins("constraints.txt")["k6"]

    assert version == "1.1.0"
    assert len(hashes) >= 3
