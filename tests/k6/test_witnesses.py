"""What a script does to k6's own metrics or to its caller's thresholds is seen, even where nothing would
prevent it.
"""

import asyncio
from collections.abc import Mapping

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.scripts import templates, wrapper
from k6_mcp.settings import Limits, Settings
from lab.target import closed_port, open_target

_WAIT_S = 60.0
_PARTS = "['duration', 'blocked', 'connecting', 'tls_handshaking', 'sending', 'waiting', 'receiving']"
_FORGED: Mapping[str, tuple[str, str, str]] = {
    "requests": (
        "const c = new Counter('http_reqs');",
        "c.add(100);",
        "101 requests were answered with only",
    ),
    "latency": (
        "const t = new Trend('http_req_duration', true);",
        "t.add(5);",
        "http_req_duration has 3 samples of 2 requests",
    ),
    "successes": (
        "const r = new Rate('http_req_failed');",
        "r.add(false);",
        "http_req_failed has 3 samples of 2 requests",
    ),
    "iterations": (
        "const c = new Counter('iterations');",
        "c.add(3);",
        "iteration_duration has 1 samples of 4 iterations",
    ),
    "iterations of some length": (
        "const c = new Counter('iterations'), t = new Trend('iteration_duration', true);",
        "c.add(1); t.add(1);",
        "2 iterations were counted, but k6 completed 1",
    ),
    "dropped iterations": (
        "const c = new Counter('dropped_iterations');",
        "c.add(-9);",
        "dropped_iterations counted -9",
    ),
    "whole requests": (
        (
            f"const all = [new Counter('http_reqs'), ...{_PARTS}.map((part) => new"
            " Trend(`http_req_${part}`, true))];const failed = new Rate('http_req_failed');"
        ),
        "for (let i = 0; i < 500; i += 1) { all.forEach((metric) => metric.add(1)); failed.add(false); }",
        "501 requests were answered with only",
    ),
}
_SCRIPT = """
import http from 'k6/http';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
INIT
export const options = { iterations: 1 };
export default function () { http.get('TARGET/ok'); http.get('CLOSED/'); ADDS }
"""
_HIDDEN = """
import http from 'k6/http';
const entries = Object.entries;
INIT
export const options = { iterations: 3, thresholds: { http_req_failed: THRESHOLDS } };
export default function () { http.get('TARGET/status/500'); }
"""
_HIDING: Mapping[str, tuple[str, str]] = {
    "in a set": ("", "new Set(['rate<=1'])"),
    "by null": ("", "null"),
    "by redefining what lists them": ("Object.entries = () => [];", "['rate<=1']"),
}


async def _run_all(settings: Settings, scripts: Mapping[str, str], **arguments: object) -> Mapping[str, Run]:
    with open_target() as target:
        closed = f"http://127.0.0.1:{closed_port()}"
        filled = [
            script.replace("TARGET", target.url("")).replace("CLOSED", closed) for script in scripts.values()
        ]
        async with open_app(settings) as service:
            tests = [parse_load_test({"script": script, **arguments}) for script in filled]
            runs = await asyncio.gather(*(service.execute(test, wait_s=_WAIT_S) for test in tests))
    return dict(zip(scripts, runs, strict=True))


def _settings(k6_bin: str, factory: pytest.TempPathFactory) -> Settings:
    folder = factory.mktemp("forged")
    return Settings(
        results_dir=folder,
        database=folder / "history.db",
        k6_bin=k6_bin,
        limits=Limits(max_concurrent_runs=len(_FORGED)),
    )


@pytest.fixture(scope="module")
def forged(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Scripts that feed k6's own metrics, with nothing that keeps them from it."""

    def fill(name: str, **values: object) -> str:
        return (
            "export const loadsGrpc = () => false, loadsBrowser = () => false;"
            if name == "_metrics"
            else templates.fill(name, **values)
        )

    scripts = {
        name: _SCRIPT.replace("INIT", init).replace("ADDS", adds) for name, (init, adds, _) in _FORGED.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapper, "fill", fill)
        return asyncio.run(_run_all(_settings(k6_bin, tmp_path_factory), scripts))


@pytest.mark.parametrize("name", _FORGED)
def test_figures_that_contradict_each_other_are_not_believed(name: str, forged: Mapping[str, Run]) -> None:
    run = forged[name]
    assert (run.status, run.failure.kind if run.failure else None) == ("failed", "script_error"), run.failure
    assert run.failure is not None
    assert _FORGED[name][2] in run.failure.message
    assert "adds to k6's own metrics" in run.failure.hint


@pytest.fixture(scope="module")
def hiding(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Scripts that keep a threshold of their caller from k6."""
    scripts = {
        name: _HIDDEN.replace("INIT", init).replace("THRESHOLDS", own)
        for name, (init, own) in _HIDING.items()
    }
    asked = {"http_req_failed": ["rate<0.5"]}
    return asyncio.run(_run_all(_settings(k6_bin, tmp_path_factory), scripts, thresholds=asked))


@pytest.mark.parametrize("name", _HIDING)
def test_a_threshold_that_a_script_keeps_from_k6_is_judged_all_the_same(
    name: str, hiding: Mapping[str, Run]
) -> None:
    run = hiding[name]
    assert (run.status, run.failure.kind if run.failure else None) == (
        "failed",
        "thresholds_exceeded",
    ), run.failure
    assert run.failure is not None
    assert "http_req_failed rate<0.5 (observed 1)" in run.failure.message
