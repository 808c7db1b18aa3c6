"""A server started in the background of a script inherits an ignored SIGINT; stopping must work there too."""

import subprocess
import sys
from pathlib import Path

from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.services import endless

SERVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
import anyio
from pathlib import Path
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.settings import Settings

async def main():
    results = Path(sys.argv[1])
    settings = Settings(results_dir=results, database=results / "history.db", k6_bin=sys.argv[2])
    async with open_app(settings) as service:
        run = await service.start(parse_load_test({"script": sys.stdin.read()}))
        with anyio.fail_after(20):
            print((await service.stop(run.run_id)).status)

anyio.run(main)
"""


def test_a_run_is_stopped_at_once_also_where_sigint_is_ignored(
    settings: Settings, target: Target, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "results"), str(settings.k6_bin)]
    done = subprocess.run(
        command, input=endless(target.url("/ok")), text=True, capture_output=True, timeout=40
    )
    assert (done.stdout.strip(), done.returncode) == ("cancelled", 0), done.stderr
