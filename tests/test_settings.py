import os
from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("K6_TIMEOUT", "9" * 400, "is longer than k6 can count"),
        ("K6_TIMEOUT", "\N{SUPERSCRIPT TWO}", "is not a duration"),
        ("K6_MCP_MAX_DURATION", "0", "is not above zero"),
        ("K6_MCP_MAX_RPS", "1e3", "must be a whole number of at least 1"),
        ("K6_MCP_MAX_VUS", "9" * 5000, "must be a whole number of at least 1"),
        ("K6_MCP_MAX_CONCURRENT_RUNS", "0", "must be a whole number of at least 1"),
        ("K6_RESULTS_DIR", "~nobody-has-this-name/runs", "Could not determine home directory"),
        ("DATABASE_URL", "postgresql://host/db", "only SQLite is supported"),
        ("LOG_LEVEL", "loud", "use one of DEBUG"),
        ("K6_MCP_BROWSER_ARGS", "no sandbox", "is not a Chromium flag"),
        ("K6_BROWSER_ARGS", "-x", "is not a Chromium flag"),
        ("K6_BROWSER_TIMEOUT", "soon", "is not a duration"),
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


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("no-sandbox", ("no-sandbox",)),
        ("--no-sandbox", ("no-sandbox",)),
        (" --no-sandbox --lang=de ", ("no-sandbox", "lang=de")),
        ("no-sandbox, --user-agent=Mozilla/5.0 (X11)", ("no-sandbox", "user-agent=Mozilla/5.0 (X11)")),
        (",", ()),
    ],
)
def test_browser_flags_may_be_written_for_k6_or_for_a_shell(text: str, args: tuple[str, ...]) -> None:
    for name in ("K6_MCP_BROWSER_ARGS", "K6_BROWSER_ARGS"):
        assert Settings.from_environment({name: text}).browser.args == args


def test_our_browser_settings_override_those_of_k6() -> None:
    k6s = {
        "K6_BROWSER_EXECUTABLE_PATH": "/a/chrome",
        "K6_BROWSER_ARGS": "lang=de",
        "K6_BROWSER_TIMEOUT": "45s",
    }
    ours = {
        "K6_MCP_BROWSER_PATH": "chromium",
        "K6_MCP_BROWSER_ARGS": "no-sandbox",
        "K6_MCP_BROWSER_TIMEOUT": "60",
    }
    assert Settings.from_environment(k6s).browser == ("/a/chrome", ("lang=de",), 45.0)
    assert Settings.from_environment({**k6s, **ours}).browser == ("chromium", ("no-sandbox",), 60.0)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("K6_MCP_MAX_VU", "did you mean K6_MCP_MAX_VUS?"),
        ("k6_mcp_max_vus", "did you mean K6_MCP_MAX_VUS?"),
        ("K6_MCP_RETENTION_DAY", "did you mean K6_MCP_RETENTION_DAYS?"),
        ("K6MCP_MAX_RPS", "did you mean K6_MCP_MAX_RPS?"),
        ("K6_MAX_VUS", "did you mean K6_MCP_MAX_VUS?"),
        ("K6_RESULT_DIR", "did you mean K6_RESULTS_DIR?"),
        ("K6_MCP_ZZZ", "docs/settings.md lists all settings"),
    ],
)
def test_a_misspelled_setting_is_reported_with_the_nearest_one(name: str, suggestion: str) -> None:
    settings = Settings.from_environment({name: "5", "K6_MCP_MAX_RPS": "7"})

    assert settings.unknown == (f"{name} is not a setting and changes nothing; {suggestion}",)
    assert settings.limits.max_rps == 7


def test_variables_of_k6_and_of_others_are_not_taken_for_misspelled_settings() -> None:
    others = (
        "K6_VUS",
        "K6_NO_SETUP",
        "K6_OUT",
        "K6_WEB_DASHBOARD",
        "K6_BROWSER_HEADLESS",
        "K6_MCP_CI",
        "K6_CLOUD_TOKEN",
        "K6_DNS",
        "K6",
    )
    ours = {
        "K6_MCP_MAX_VUS": "5",
        "K6_BIN": "/k6",
        "K6_MCP_FINDING_P95_MS": "9",
        "K6_MCP_AI_MODEL": "off",
        "K6_TIMEOUT": "9",
    }

    assert Settings.from_environment(dict.fromkeys(others, "1") | ours).unknown == ()


def test_folders_for_scripts_are_separated_as_in_path() -> None:
    assert Settings.from_environment({}).limits.script_dirs == ()
    folders = f"/a{os.pathsep} /b c {os.pathsep}"
    assert Settings.from_environment({"K6_MCP_SCRIPT_DIRS": folders}).limits.script_dirs == (
        Path("/a"),
        Path("/b c"),
    )
    with pytest.raises(InvalidArguments, match="K6_MCP_SCRIPT_DIRS=':': must name at least one folder"):
        Settings.from_environment({"K6_MCP_SCRIPT_DIRS": ":"})
