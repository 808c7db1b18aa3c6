"""Wiring: the only place that names concrete classes."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from k6_mcp import limits
from k6_mcp.errors import K6McpError
from k6_mcp.models.run_id import new_run_id
from k6_mcp.runners.launcher import Launcher
from k6_mcp.scripts.render import render

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from k6_mcp.models.request import LoadTest
    from k6_mcp.service import LoadTests
    from k6_mcp.settings import Settings


def begin(settings: Settings, test: LoadTest) -> Launcher:
    """Let k6 begin its plan of `test`, which `open_app` with the returned launcher goes on with once it is asked for.

    What stands against it is told by `LoadTests.start`, not here.
    """
    launcher = _launcher(settings)
    with suppress(K6McpError, OSError):
        limits.check(test, settings.limits)
        launcher.begin(new_run_id(datetime.now(UTC)), render(test))
    return launcher


@asynccontextmanager
async def open_app(settings: Settings, launcher: Launcher | None = None) -> AsyncGenerator[LoadTests]:
    """Open the service on this machine; leaving stops every run it owns."""
    from k6_mcp.history.history import History
    from k6_mcp.runners.local import LocalRunner
    from k6_mcp.service import LoadTests

    runner = LocalRunner(launcher or _launcher(settings), settings.timeout_s)
    async with LoadTests(runner, History(settings.results_dir, settings.database), settings) as tests:
        yield tests


def _launcher(settings: Settings) -> Launcher:
    return Launcher(settings.results_dir, settings.k6_bin, settings.search_path)
