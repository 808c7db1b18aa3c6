"""Shorthands for tests that drive the real service."""

from collections.abc import Callable

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.service.load_tests import LoadTests
from tests.k6.processes import k6_pid, until


def endless(url: str, *, rest: str = "") -> str:
    """Return a script that requests `url` every 20 ms for a minute."""
    return f"""
import http from 'k6/http';
import {{ sleep }} from 'k6';
export const options = {{ vus: 2, duration: '60s' }};
export default function () {{ http.get('{url}'); sleep(0.02); }}
{rest}
"""


async def start(service: LoadTests, script: str, **arguments: object) -> Run:
    """Start a script and return at once."""
    return await service.start(parse_load_test({"script": script, **arguments}))


async def under_load(service: LoadTests, run_id: str, requests: Callable[[], int], at_least: int = 5) -> int:
    """Wait until the target has seen traffic and return the pid of the k6 that makes it."""
    await until(lambda: requests() >= at_least, f"{at_least} requests of {run_id}")
    return await until(lambda: k6_pid(run_id), f"the k6 of {run_id}")
