import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.findings import FindingLimits
from k6_mcp.settings import Settings


def test_every_limit_of_the_findings_is_a_setting() -> None:
    environ = {f"K6_MCP_FINDING_{name.upper()}": "0.25" for name in FindingLimits._fields}

    assert set(Settings.from_environment(environ).findings._asdict().values()) == {0.25}
    assert Settings.from_environment({}).findings == FindingLimits()


def test_limits_in_seconds_may_be_given_as_a_duration_and_latencies_above_one() -> None:
    environ = {
        "K6_MCP_FINDING_RECOVERY_S": "5m",
        "K6_MCP_FINDING_P95_MS": "750",
        "K6_MCP_FINDING_DRIFT_SHARE": "1.5",
    }

    findings = Settings.from_environment(environ).findings

    assert (findings.recovery_s, findings.p95_ms, findings.drift_share) == (300.0, 750.0, 1.5)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ERROR_RATE_WARNING", "5", "must be a share"),
        ("CPU_SHARE", "0", "must be a number above 0"),
        ("AVG_MS", "fast", "must be a number above 0"),
        ("OUTAGE_S", "-1", "is not a duration"),
        ("P95_MS", "9" * 400, "must be a number above 0"),
    ],
)
def test_an_unusable_limit_is_refused_by_name(name: str, value: str, reason: str) -> None:
    with pytest.raises(InvalidArguments, match=reason):
        Settings.from_environment({f"K6_MCP_FINDING_{name}": value})
