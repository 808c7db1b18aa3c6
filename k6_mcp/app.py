"""Wiring: the only place that names concrete classes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from k6_mcp.history.history import History
from k6_mcp.runners.local import LocalRunner
from k6_mcp.service import LoadTests
from k6_mcp.settings import Settings


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncGenerator[LoadTests]:
    """Open the service on this machine; leaving stops every run it owns."""
    runner = LocalRunner(settings.results_dir, settings.k6_bin, settings.search_path, settings.timeout_s)
    async with LoadTests(runner, History(settings.results_dir, settings.database), settings) as tests:
        yield tests
