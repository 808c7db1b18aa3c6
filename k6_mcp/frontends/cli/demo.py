"""`k6-mcp demo`: three tests that end in three ways, run through a real MCP client.

The terminal shows each result as the client received it.
"""

import argparse
import asyncio
import json
import shlex
import shutil
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from k6_mcp.errors import K6McpError
from k6_mcp.frontends.cli.console import progress_bar, stdout
from k6_mcp.frontends.cli.demo_target import closed_url, demo_target
from k6_mcp.frontends.cli.exit_codes import COMPLETED, FAILED
from k6_mcp.frontends.cli.verdict import verdict
from k6_mcp.frontends.mcp_server.demo import DemoClient, TellProgress, demo_client
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.settings import Settings

_SHORT_S = 5


class Step(NamedTuple):
    """One test of the demo and how it must end."""

    title: str
    arguments: Mapping[str, object]
    must_end: FailureKind | None


def demo(options: argparse.Namespace, settings: Settings) -> int:
    """Show the demo; return 0 if every test ended as it must."""
    return asyncio.run(_demo(options.seconds, _apart(settings)))


def _apart(settings: Settings) -> Settings:
    """Return the settings with a separate folder and history, so that no real history lists demo runs."""
    folder = settings.results_dir / "demo"
    return replace(settings, results_dir=folder, database=folder / "history.db")


async def _demo(seconds: int, settings: Settings) -> int:
    refusals: list[K6McpError] = []
    exit_code = FAILED
    try:
        async with demo_target() as url, demo_client(settings) as client:
            exit_code = await _show_all(client, url, seconds, settings)
    except* K6McpError as group:
        # The client's task groups wrap every error that is raised inside them.
        refusals.extend(_leaves(group))
    if refusals:
        raise refusals[0]
    return exit_code


def _leaves(group: BaseExceptionGroup[K6McpError]) -> Iterator[K6McpError]:
    for error in group.exceptions:
        if isinstance(error, K6McpError):
            yield error
        else:
            yield from _leaves(error)


async def _show_all(client: DemoClient, url: str, seconds: int, settings: Settings) -> int:
    console, as_expected = stdout(), True
    console.print(_greeting(client, url))
    for number, step in enumerate(steps(url, closed_url(), seconds), 1):
        console.print()
        console.print(Text(f"{number}. {step.title}", style="bold underline"))
        as_expected &= await _show(console, client, step, settings)
    console.print()
    console.print(
        Text(
            f"Demo runs are kept in {settings.results_dir}, separate from your own runs. To see them again:",
            style="bold",
        )
    )
    # Soft wrapping, so that a line can be copied from a narrow terminal.
    for words in ("history", "show"):
        console.print(Text(f"  {_command(settings)} {words}"), soft_wrap=True)
    return COMPLETED if as_expected else FAILED


def _command(settings: Settings) -> str:
    """Return the shell command that runs `k6-mcp` on demo runs, in any environment."""
    program = ["k6-mcp"] if shutil.which("k6-mcp") else [sys.executable, "-m", "k6_mcp"]
    environment = f"DATABASE_URL= K6_RESULTS_DIR={shlex.quote(str(settings.results_dir))}"
    return f"{environment} {shlex.join(program)}"


def steps(url: str, nobody: str, seconds: int) -> tuple[Step, ...]:
    """Return the tests of the demo against the target at `url` and the closed port at `nobody`."""
    impossible, short = {"http_req_duration": ["p(95)<1"]}, f"{min(seconds, _SHORT_S)}s"
    return (
        Step(
            "preset low against a healthy target",
            {"url": url, "preset": "low", "duration": f"{seconds}s"},
            None,
        ),
        Step(
            "a threshold that cannot hold: p(95) below 1 ms",
            {"url": url, "duration": short, "thresholds": impossible},
            "thresholds_exceeded",
        ),
        Step("a port that nobody listens on", {"url": nobody, "duration": short}, "target_unreachable"),
    )


def _greeting(client: DemoClient, url: str) -> Panel:
    lines = (
        f"server   {client.server}, started over stdio, MCP {client.protocol}",
        f"tools    {', '.join(client.tools)}",
        f"target   {url} (this machine, about 20 ms per answer)",
    )
    return Panel(Text("\n".join(lines)), title="k6-mcp demo", title_align="left", expand=False)


async def _show(console: Console, client: DemoClient, step: Step, settings: Settings) -> bool:
    console.print(Text(f"execute_k6_test {json.dumps(step.arguments)}", style="dim"))
    with _progress(console) as tell:
        answer = await client.execute({**step.arguments, "name": "demo"}, tell)
    console.print(verdict(answer, str(RunFolder(settings.results_dir, answer.run_id).path)))
    ended = answer.failure.kind if answer.failure else None
    return ended == step.must_end


@contextmanager
def _progress(console: Console) -> Generator[TellProgress]:
    if not console.is_terminal:
        yield lambda percent, line: console.print(f"  {line}")
        return
    with progress_bar(console) as update:
        yield update
