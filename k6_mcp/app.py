"""The wiring: where concrete classes are named.

The exception is `service.early_plan`, which creates the launcher before the rest is imported.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from k6_mcp.history.history import History
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.service.early_plan import new_launcher
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings


@asynccontextmanager
async def open_app(settings: Settings, launcher: Launcher | None = None) -> AsyncGenerator[LoadTests]:
    """Open the service on this machine; leaving the context stops every run that it owns.

    `launcher` may have begun a plan already; the service continues with it.
    """
    launcher = launcher or new_launcher(settings)
    workspace, runner = launcher.workspace, LocalRunner(launcher, settings.timeout_s)
    history = History(workspace, settings.database)
    async with LoadTests(runner, workspace, history, settings, launcher.early_run_id) as tests:
        yield tests
