"""Makes everything that users read and that is stored below `kept`.

`python -m tests.snapshots.made` stores it.
"""

import asyncio
import contextlib
import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

from k6_mcp import __version__
from k6_mcp.answers.oneshot import answer_run, to_line
from k6_mcp.frontends.cli.parser import build_parser
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.gate import GatePolicy
from k6_mcp.reports.gate_report import gate_junit, gate_markdown
from k6_mcp.reports.junit import run_junit
from k6_mcp.reports.markdown import run_markdown
from lab.sample_reports import broken
from tests.frontends.mcp_server.scripted_k6 import open_scripted
from tests.snapshots.sampled import SampledK6, sampled_settings
from tests.snapshots.tool_calls import as_json, tool_answers

KEPT = Path(__file__).with_name("kept")
COMMANDS = (
    *("run", "validate", "render", "gate"),
    *("history", "show", "report", "compare", "stats", "baseline", "stop"),
    *("export", "import", "prune", "rebuild"),
    *("serve", "oneshot", "demo", "doctor"),
)
_RUN_ID = re.compile(r"r-\d{8}-[a-z0-9]{16}")
_TIME = re.compile(r"\b20\d\d-\d\d-\d\d([T ])\d\d:\d\d:\d\d(?:\.\d+)?(?=Z| UTC|\+00:00|\b)")
_FREE = re.compile(r"\d+ bytes free \([\d.]+ [KMGT]B\)")
_USED = re.compile(r"\buse [\d.]+ MB")


def stored() -> dict[str, str]:
    """Return what is stored, by name."""
    files = (path for path in KEPT.rglob("*") if path.is_file())
    return {path.relative_to(KEPT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def made() -> dict[str, str]:
    """Return what has to be stored, by name; the same on every machine and at any time."""
    with tempfile.TemporaryDirectory(prefix="k6-mcp-snapshots-") as folder:
        texts = {**dict(_helps()), **asyncio.run(_of_service(Path(folder)))}
        return {name: _steady(text, folder) for name, text in texts.items()}


def renew() -> None:
    """Store everything again, and remove what is no longer made."""
    texts = made()
    for name in stored().keys() - texts.keys():
        (KEPT / name).unlink()
    for name, text in texts.items():
        (KEPT / name).parent.mkdir(parents=True, exist_ok=True)
        (KEPT / name).write_text(text, encoding="utf-8")


def _helps() -> Iterator[tuple[str, str]]:
    """Yield the help of the command line and of each command, 100 columns wide and without colors."""
    with patch.dict("os.environ", {"COLUMNS": "100", "NO_COLOR": "1"}):
        for command in ("", *COMMANDS):
            shown = io.StringIO()
            with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
                build_parser().parse_args([*command.split(), "--help"])
            yield f"help/{command or 'k6-mcp'}.txt", shown.getvalue()


async def _of_service(folder: Path) -> Mapping[str, str]:
    texts = await tool_answers(folder / "tools")
    view = broken()
    texts |= {"report.md": run_markdown(view).decode(), "report.junit.xml": run_junit(view.run).decode()}
    async with open_scripted(sampled_settings(folder / "gate"), SampledK6()) as service:
        test = parse_load_test({"url": "http://127.0.0.1:8000/", "preset": "low", "name": "home page"})
        run = await service.execute(test, wait_s=60)
        texts["oneshot.json"] = to_line(answer_run(run)).decode()
        result = await service.kept_runs.gate(run.run_id, GatePolicy())
        texts["gate.md"] = gate_markdown(result, await service.kept_runs.view(run.run_id)).decode()
        texts["gate.junit.xml"] = gate_junit(result, run).decode()
    texts["oneshot.json"] = as_json(json.loads(texts["oneshot.json"]))
    return texts


def _steady(text: str, folder: str) -> str:
    """Return `text` without what differs from one time or machine to another."""
    ids = {run_id: f"r-20260101-{number:016}" for number, run_id in enumerate(_run_ids(text), 1)}
    text = _RUN_ID.sub(lambda match: ids[match[0]], text.replace(folder, "/results"))
    text = _TIME.sub(r"2026-01-01\g<1>00:00:00", text)
    text = _USED.sub("use N MB", _FREE.sub("N bytes free (N GB)", text))
    return text.replace(f'"{__version__}"', '"VERSION"')


def _run_ids(text: str) -> list[str]:
    return [*dict.fromkeys(_RUN_ID.findall(text))]


if __name__ == "__main__":
    renew()
