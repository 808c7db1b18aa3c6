"""A server in a process of its own, to be killed or looked at from another one."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from k6_mcp.settings import Settings

_OTHER_SERVER = """
import asyncio, sys
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.settings import Settings

async def main():
    async with open_app(Settings.from_environment()) as service:
        run = await service.start(parse_load_test({"script": sys.argv[1]}))
        print(run.run_id, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@contextmanager
def other_server(
    settings: Settings, script: str, **more: str
) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Start another server process on the same history, and run `script` there.

    It gets the settings `more`. Yields the process and the run's id.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "K6_BIN": str(settings.k6_bin),
        "K6_RESULTS_DIR": str(settings.results_dir),
        "DATABASE_URL": str(settings.database),
        **more,
    }
    command = [sys.executable, "-c", _OTHER_SERVER, script]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
