"""The places of this session's tests before any is left out."""

import pytest

COLLECTED = pytest.StashKey[list[pytest.Item]]()
