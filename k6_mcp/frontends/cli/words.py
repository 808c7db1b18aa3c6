"""Advice in the words of the terminal: commands in place of the tools that agents call."""

import re
from collections.abc import Mapping

_COMMANDS: Mapping[str, str] = {
    "execute_k6_test": "run",
    "plan_k6_test": "validate",
    "get_run": "show",
    "analyze_run": "show",
    "stop_run": "stop",
    "get_history": "history",
    "compare_runs": "compare",
    "set_baseline": "baseline",
    "get_statistics": "stats",
    "get_report": "report",
    "check_health": "doctor",
}
_TOOL = re.compile(
    rf"\b({'|'.join(_COMMANDS)})\b(?: with run_id=\"([^\"]+)\")?(?:(?: and| with)? detail=\"(\w+)\"| and"
    r" wait_s=\d+)?"
)
# `show` draws the timeline without an option.
_TIMELINE = "timeline"


def in_commands(text: str, about: str = "") -> str:
    """Return `text` with terminal commands in place of the tools that it names.

    The arguments that select a run become arguments of the command. `about` is the id of the run that `text`
    is about: without it, a command that shows a run would show the newest one.
    """
    return _TOOL.sub(lambda found: _command(found, about), text)


def _command(found: re.Match[str], about: str) -> str:
    tool, run_id, detail = found.groups()
    if run_id is None and about and _COMMANDS[tool] == "show":
        run_id = about
    option = f" --detail {detail}" if detail and detail != _TIMELINE else ""
    return f"k6-mcp {_COMMANDS[tool]}{f' {run_id}' if run_id else ''}{option}"
