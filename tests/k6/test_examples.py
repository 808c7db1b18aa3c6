"""The scripts in examples/, read and run by a real k6."""

import threading
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from examples.target import Handler
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.settings import Settings

EXAMPLES = {script.name: script for script in sorted((Path(__file__).parents[2] / "examples").glob("*.js"))}
_WITHOUT_LOAD: Mapping[str, Mapping[str, int]] = {"get.js": {"vus": 1, "iterations": 3}}
_ONCE = {"vus": 1, "iterations": 1, "override_load": True}


@pytest.fixture
def example_target() -> Iterator[str]:
    """The base URL of a running examples/target.py."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", EXAMPLES)
async def test_k6_accepts_the_example_and_the_default_limits_allow_it(settings: Settings, name: str) -> None:
    arguments = {"script_file": str(EXAMPLES[name]), **_WITHOUT_LOAD.get(name, {})}

    async with open_app(settings) as service:
        report = await service.plan(parse_load_test(arguments))

    assert (report.refusal, report.violations) == (None, ())
    assert report.plan is not None and report.plan.warnings == ()


@pytest.mark.parametrize("name", ["get.js", "post_json.js", "checks_and_thresholds.js"])
async def test_the_example_completes_against_the_example_target(
    settings: Settings, example_target: str, name: str
) -> None:
    arguments = {
        "script_file": str(EXAMPLES[name]),
        "env": {"BASE_URL": example_target, "TOKEN": "t0p-s3cret"},
        **_ONCE,
    }

    async with open_app(settings) as service:
        run = await service.execute(parse_load_test(arguments), wait_s=30)

    assert run.status == "completed", run.failure
    assert run.metrics is not None
    assert (run.metrics.figures.requests, run.metrics.figures.checks_failed) == (1, 0)
