"""What users read is what is stored; `make snapshots` renews it after a change that is meant."""

import sys
from collections.abc import Mapping

import pytest

from tests.snapshots.made import made, stored

_STORED = stored()
# argparse lays out help otherwise from there on
_OTHER_HELP = sys.version_info >= (3, 13)


@pytest.fixture(scope="module")
def fresh() -> Mapping[str, str]:
    """Return everything, made once."""
    return made()


@pytest.mark.parametrize("name", sorted(_STORED))
def test_what_users_read_is_what_is_stored(name: str, fresh: Mapping[str, str]) -> None:
    if _OTHER_HELP and name.startswith("help/"):
        pytest.skip("help is stored as argparse of Python 3.11 and 3.12 lays it out")
    assert fresh.get(name) == _STORED[name], "meant? then renew with: make snapshots"


def test_everything_that_is_made_is_stored(fresh: Mapping[str, str]) -> None:
    assert sorted(fresh) == sorted(_STORED)
