import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("K6_TIMEOUT", "9" * 400, "is longer than k6 can count"),
        ("K6_TIMEOUT", "\N{SUPERSCRIPT TWO}", "is not a duration"),
        ("K6_MCP_MAX_DURATION", "0", "is not above zero"),
        ("K6_MCP_MAX_RPS", "1e3", "must be a whole number, at least 1"),
        ("K6_MCP_MAX_VUS", "9" * 5000, "must be a whole number, at least 1"),
        ("K6_MCP_MAX_CONCURRENT_RUNS", "0", "must be a whole number, at least 1"),
        ("K6_RESULTS_DIR", "~nobody-has-this-name/runs", "Could not determine home directory"),
        ("DATABASE_URL", "postgresql://host/db", "only SQLite is supported"),
        ("LOG_LEVEL", "loud", "use one of DEBUG"),
    ],
)
def test_an_unusable_setting_is_refused_by_name(name: str, value: str, reason: str) -> None:
    with pytest.raises(InvalidArguments) as raised:
        Settings.from_environment({name: value})
    assert len(raised.value.reasons) == 1
    assert raised.value.reasons[0].startswith(f"{name}=") and reason in raised.value.reasons[0]


def test_seconds_may_be_given_as_a_number_or_as_a_duration() -> None:
    settings = Settings.from_environment({"K6_TIMEOUT": "90.5", "K6_MCP_MAX_DURATION": "1m30s"})
    assert (settings.timeout_s, settings.limits.max_duration_s) == (90.5, 90.0)
