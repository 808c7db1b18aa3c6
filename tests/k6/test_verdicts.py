"""Every status and failure kind, produced by a real k6 through the real service."""

import asyncio
from collections.abc import Mapping

import pytest

from k6_mcp.answers.run import run_answer
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.settings import Limits, Settings
from lab.certificate import self_signed_context
from lab.grpc_target import PROTO, open_grpc_target
from lab.target import closed_port, open_target
from tests.k6.case import Case
from tests.k6.forged_cases import FORGED
from tests.k6.grpc_cases import GRPC
from tests.k6.script_cases import SCRIPT_CASES
from tests.k6.target_cases import TARGET_CASES

CASES = (*TARGET_CASES, *SCRIPT_CASES, *FORGED, *GRPC)
_AT_ONCE = 6
_ANSWER_LIMIT_BYTES = 10_240
_WAIT_S = 100.0


@pytest.fixture(scope="module")
def runs(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run | BaseException]:
    """All cases run through one service, several at once."""
    folder = tmp_path_factory.mktemp("verdicts")
    settings = Settings(
        results_dir=folder,
        database=folder / "history.db",
        k6_bin=k6_bin,
        limits=Limits(max_concurrent_runs=_AT_ONCE),
    )
    return asyncio.run(_run_all(settings))


async def _run_all(settings: Settings) -> Mapping[str, Run | BaseException]:
    with (
        open_target() as target,
        open_target(self_signed_context(settings.results_dir)) as tls,
        open_grpc_target() as grpc,
    ):
        places = {
            "{target}": target.url(""),
            "{tls}": tls.url(""),
            "{closed}": f"http://127.0.0.1:{closed_port()}",
        }
        places |= {"{grpc}": grpc.address, "{proto}": str(PROTO.parent)}
        async with open_app(settings) as service:
            tests = [
                parse_load_test({"script": _fill(case.source, places), "name": case.name}) for case in CASES
            ]
            done = await asyncio.gather(
                *(service.execute(test, wait_s=_WAIT_S) for test in tests), return_exceptions=True
            )
    return dict(zip((case.name for case in CASES), done, strict=True))


def _fill(source: str, places: Mapping[str, str]) -> str:
    for placeholder, url in places.items():
        source = source.replace(placeholder, url)
    return source


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_run_says_how_it_ended_and_why(case: Case, runs: Mapping[str, Run | BaseException]) -> None:
    run = runs[case.name]
    assert isinstance(run, Run), run
    assert (run.status, run.failure.kind if run.failure else None) == (case.status, case.kind), run.failure
    if run.failure:
        said = " ".join((run.failure.message, run.failure.hint, *run.failure.evidence))
        assert [text for text in case.says if text not in said] == [], said
        assert run.failure.hint
        assert set(case.also) <= set(run.failure.also)
    warned = {notice.code for notice in run.warnings}
    assert set(case.warns) <= warned
    assert not warned & set(case.silent)


@pytest.mark.parametrize("case", [case for case in CASES if case.has_figures], ids=lambda case: case.name)
def test_the_run_keeps_exact_figures_however_it_ended(
    case: Case, runs: Mapping[str, Run | BaseException]
) -> None:
    run = runs[case.name]
    assert isinstance(run, Run), run
    assert run.metrics is not None
    assert run.metrics.exact
    if case.requests is not None:
        assert run.metrics.figures.requests == case.requests


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_answer_stays_small_whatever_was_printed(
    case: Case, runs: Mapping[str, Run | BaseException]
) -> None:
    run = runs[case.name]
    assert isinstance(run, Run), run
    assert len(run_answer(run).model_dump_json()) <= _ANSWER_LIMIT_BYTES
