"""Start `k6 inspect` early, before the service and its imports are loaded."""

from contextlib import suppress
from datetime import UTC, datetime

from k6_mcp.errors import K6McpError
from k6_mcp.models.request import LoadTest
from k6_mcp.models.run_id import new_run_id
from k6_mcp.permissions import caps
from k6_mcp.runners.launcher import Launcher
from k6_mcp.scripts.render import render
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace


def begin(launcher: Launcher, settings: Settings, test: LoadTest) -> None:
    """Let k6 begin its plan of `test`; a service with this launcher takes it over when the test is started.

    Errors are left to `LoadTests.start`, which meets them again.
    """
    with suppress(K6McpError, OSError):
        caps.check(test, settings.limits)
        launcher.begin(new_run_id(datetime.now(UTC)), render(test, settings.limits.script_dirs))


def new_launcher(settings: Settings) -> Launcher:
    """Return a launcher of k6 on this machine, with a workspace of its own."""
    return Launcher(
        Workspace(settings.results_dir),
        settings.k6_bin,
        settings.search_path,
        settings.limits.max_k6_memory_mb,
        settings.browser,
    )
