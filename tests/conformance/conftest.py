"""The conformance suite is a Node program; without Node its tests are left out, with a printed line."""

from pathlib import Path

import pytest

from tests.node.node import leave_out_without_node


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder."""
    item.add_marker(pytest.mark.node)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Node where it is missing, or fail where it is required."""
    leave_out_without_node(config, items, Path(__file__).parent)
