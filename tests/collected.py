"""Where the tests of this session stand before any is left out."""

import pytest

COLLECTED = pytest.StashKey[list[pytest.Item]]()
