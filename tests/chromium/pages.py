"""Scripts that use k6/browser, what they open, and the processes that they leave or do not leave."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.browser import Browser
from k6_mcp.models.run import Run
from k6_mcp.settings import Settings
from lab.target import Target

WAIT_S = 120.0
# The suite runs as root
UNSANDBOXED = Browser(args=("no-sandbox",))
WITH_BROWSER = "options: { browser: { type: 'chromium' } }"


def visiting(url: str, *, iterations: int = 2, then: str = "", vus: int = 1, imports: str = "") -> str:
    """Return a script whose only scenario opens `url` and then does `then`."""
    return f"""
import {{ browser }} from 'k6/browser';
{imports}
export const options = {{ scenarios: {{
  ui: {{ executor: 'shared-iterations', vus: {vus}, iterations: {iterations}, {WITH_BROWSER} }},
}} }};
export default async function () {{
  const page = await browser.newPage();
  try {{
    {f"await page.goto('{url}');" if url else ""}
    {then}
  }} finally {{
    await page.close();
  }}
}}
"""


def beside_http(url: str, api: str) -> str:
    """Return a script with a browser scenario and an HTTP scenario.

    The first opens `url` in a browser. The second requests `api` without a browser.
    """
    return f"""
import http from 'k6/http';
import {{ browser }} from 'k6/browser';
export const options = {{ scenarios: {{
  api: {{ executor: 'shared-iterations', iterations: 5, exec: 'api' }},
  ui: {{ executor: 'shared-iterations', iterations: 1, exec: 'ui', {WITH_BROWSER} }},
}} }};
export function api() {{ http.get('{api}'); }}
export async function ui() {{
  const page = await browser.newPage();
  try {{ await page.goto('{url}'); }} finally {{ await page.close(); }}
}}
"""


async def all_ended(
    settings: Settings, scripts: Mapping[str, str], more: Mapping[str, Mapping[str, object]]
) -> dict[str, Run]:
    """Run all scripts, as many at a time as the server allows, and return their runs by name."""
    async with open_app(settings) as service:
        started = {
            name: await service.start(parse_load_test({"script": script, **more.get(name, {})}))
            for name, script in scripts.items()
        }
        return {name: await service.wait(run.run_id, WAIT_S) for name, run in started.items()}


def requested(target: Target, path: str) -> Callable[[], bool]:
    """Return whether a page has been requested."""
    return lambda: target.requests[path] > 0


def processes_of(run_folder: Path) -> Sequence[int]:
    """Return every process whose command line, environment or folder names the run.

    These are k6, Chromium and its crash handlers.
    """
    name = run_folder.name.encode()
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and _names(Path("/proc") / pid, name)]  # noqa: PTH208


def _names(process: Path, name: bytes) -> bool:
    try:
        if process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        texts = process.joinpath("cmdline").read_bytes(), process.joinpath("environ").read_bytes()
        return any(name in text for text in (*texts, os.fsencode(os.readlink(process / "cwd"))))  # noqa: PTH115
    except OSError:
        return False
