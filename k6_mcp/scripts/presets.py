"""The sizes of the presets and their service level objectives."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from k6_mcp.models.request import Preset, Slo

DEFAULT_PRESET: Preset = "low"
PRESET_DURATION = "30s"


class PresetSize(NamedTuple):
    """The load of a preset: iterations started per second, one request each.

    The VU pool follows from the rate (see `load.arrival_rate`).
    """

    rate_per_s: int


PRESETS: Mapping[Preset, PresetSize] = {
    "low": PresetSize(rate_per_s=5),
    "medium": PresetSize(rate_per_s=50),
    "high": PresetSize(rate_per_s=500),
}


@lru_cache
def preset_slo() -> Slo:
    """Return the objectives of every preset."""
    return Slo(avg_ms=2000, p95_ms=5000, error_rate=0.01)
