"""The command line and environment of k6, the same on every version (docs: k6's options reference)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from k6_mcp.models.plan import HANDLE_SUMMARY_TIMEOUT_S, Plan, Planned
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.runners.watchdog import PATH

# A tag that most requests carry costs k6 8 % of a request. Only failures carry error_code.
_RECORD_TAGS = (
    "error_code",
    "scenario",
)

# Linux refuses a variable above 128 KiB.
_PIECE_CHARS = 100_000
# Figures and verdicts need these tags, regardless of a script's own systemTags.
_NEEDED_TAGS = ("status", "error_code", "expected_response", "scenario")
_TREND_STATS = ("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)", "count")
_PERCENTILE = re.compile(r"p\(\s*(\d+(?:\.\d+)?)\s*\)")


def environment(folder: RunFolder, script: Script, planned: Planned | None = None) -> Mapping[str, str]:
    """Return the whole environment of k6, without the caller's variables.

    No stray K6_* variable can change a run. The script's variables travel here, because every user of the
    machine could read `-e` arguments. They are JSON, from which the wrapper makes `__ENV`
    (templates/_given.js), so that none of them means anything to a shell, to Go or to k6. For a run, the
    options of its plan travel along.
    """
    plan = planned.plan if planned else None
    # More cores do not make the plan faster, and this process has work to do at the same time.
    for_plan = {"GOMAXPROCS": "1"} if plan is None else {}
    return {
        **for_plan,
        "PATH": PATH,
        "HOME": str(folder.home),
        "NO_COLOR": "1",
        # Less frequent garbage collection saves the cost of recording the time series, for some 80 MB of
        # memory.
        "GOGC": "300",
        "K6_NO_USAGE_REPORT": "true",
        "K6_AUTO_EXTENSION_RESOLUTION": "false",
        "K6_BINARY_PROVISIONING": "false",
        "K6_NEW_MACHINE_READABLE_SUMMARY": "false",
        "K6_HANDLE_SUMMARY_TIMEOUT": f"{HANDLE_SUMMARY_TIMEOUT_S:g}s",
        "K6_WEB_DASHBOARD_HOST": "127.0.0.1",
        "K6_WEB_DASHBOARD_PORT": "0",
        "K6_WEB_DASHBOARD_PERIOD": "1s",
        "K6_WEB_DASHBOARD_TAGS": ",".join(
            _RECORD_TAGS if plan is None or plan.tells_scenarios else _RECORD_TAGS[:1]
        ),
        "K6_WEB_DASHBOARD_RECORD": str(folder.record),
        **_pieces(
            "K6_MCP_GIVEN",
            json.dumps({name: secret.get_secret_value() for name, secret in script.env.items()}),
        ),
        **_pieces("K6_MCP_PLANNED", planned.options.get_secret_value() if planned else ""),
    }


def _pieces(name: str, text: str) -> Mapping[str, str]:
    """Return `text` as variables that are small enough.

    Each value starts with a colon, so that no shell takes it for a function.
    """
    starts = range(0, len(text), _PIECE_CHARS)
    return {
        f"{name}_{number}": f":{text[start : start + _PIECE_CHARS]}" for number, start in enumerate(starts)
    }


def inspect_command(k6: Path, folder: RunFolder, script: Script) -> list[str]:
    """Return the command that prints k6's plan of the script without running it."""
    entry = str(folder.path / script.entry)
    return [
        str(k6),
        "inspect",
        "--execution-requirements",
        "--include-system-env-vars=true",
        "--log-format",
        "json",
        entry,
    ]


def run_command(k6: Path, folder: RunFolder, script: Script, plan: Plan) -> list[str]:
    """Return the command that runs the script and leaves its figures in the run's folder."""
    return [
        *(
            str(k6),
            "run",
            "--address",
            "",
            "--paused=false",
            "--log-format",
            "json",
            "--log-output",
            "stderr",
            "--no-color",
        ),
        *("--include-system-env-vars=true", "--summary-export", str(folder.export)),
        *("--summary-trend-stats", ",".join(_trend_stats(plan)), "--out", "web-dashboard"),
        *(("--rps", str(plan.rps)) if plan.rps else ()),
        *(
            ()
            if plan.system_tags is None
            else ("--system-tags", ",".join(dict.fromkeys((*plan.system_tags, *_NEEDED_TAGS))))
        ),
        str(folder.path / script.entry),
    ]


def _trend_stats(plan: Plan) -> list[str]:
    """Return the trend statistics to export.

    These are the usual ones, the one for web vitals, and every percentile that a threshold names.
    """
    named = (f"p({p})" for threshold in plan.thresholds for p in _PERCENTILE.findall(threshold.expression))
    vitals = ("p(75)",) if plan.browser else ()
    return list(dict.fromkeys([*_TREND_STATS, *vitals, *(p for p in named if float(p[2:-1]) <= 100)]))
