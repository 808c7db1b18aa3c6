"""get_statistics: within its budget however much there is, the urgent first."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mcp import Client

from k6_mcp.answers.budget import BUDGET_BYTES
from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.history.database import Database
from k6_mcp.history.history import History
from k6_mcp.history.runs import INSERT_DOCUMENT, INSERT_RESULT, INSERT_RUN, document_row, result_row, run_row
from k6_mcp.models.run import Run
from k6_mcp.models.run_id import new_run_id
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace
from tests.frontends.mcp_server.connect import answer, refusal, said
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted
from tests.history.samples import a_run


async def keep(settings: Settings, *runs: Run, each: int = 1) -> None:
    """Write runs into the database of `settings` as the history would.

    The result of each is also written `each` - 1 times, every copy a little earlier.
    """
    async with History(Workspace(settings.results_dir), settings.database) as history:
        await history.save(runs[0])
    database = Database(settings.database, 0)
    async with database.atomic() as connection:
        await connection.executemany(
            INSERT_DOCUMENT, [document_row(run, str(settings.results_dir)) for run in runs[1:]]
        )
        await connection.executemany(INSERT_RUN, [run_row(run) for run in runs[1:]])
        await connection.executemany(INSERT_RESULT, [result_row(run) for run in runs[1:]])
        for run in runs if each > 1 else ():
            created_us, run_id, *rest = result_row(run)
            earlier = [
                (created_us - number * 1_000_000, f"{run_id}{number}", *rest) for number in range(1, each)
            ]
            await connection.executemany(INSERT_RESULT, earlier)
    await database.close()


def past_run(hours_ago: float, name: str | None, p95_ms: float = 100.0) -> Run:
    """Return a completed run of a test so long ago."""
    created_at = datetime.now(UTC) - timedelta(hours=hours_ago)
    return a_run(name=name, p95_ms=p95_ms).model_copy(
        update={"run_id": new_run_id(created_at), "created_at": created_at}
    )


async def asked(settings: Settings, **arguments: object) -> dict[str, Any]:
    async with Client(build_server(lambda: open_scripted(settings, ScriptedK6()))) as client:
        await client.list_tools()
        result = await client.call_tool("get_statistics", arguments)
    assert len(said(result).encode()) <= BUDGET_BYTES
    return answer(result)


async def test_a_test_that_gets_slower_comes_first_with_its_last_run(settings: Settings) -> None:
    steady = [past_run(50 - number, "a steady test") for number in range(10)]
    slower = [past_run(50 - number, "checkout", 100 + 20 * number) for number in range(10)]
    await keep(settings, *steady, *slower, past_run(1000, "long ago"))
    told = await asked(settings)
    assert (told["days"], told["runs"], told["by_status"]) == (30, 20, {"completed": 20})
    assert [(test["name"], test["direction"], test["runs"]) for test in told["tests"]] == [
        ("checkout", "worse", 10),
        ("a steady test", "steady", 10),
    ]
    assert told["tests"][0]["p95_ms"][-1] == 280.0
    assert told["tests"][0]["headroom"][0] == {
        "metric": "http_req_duration",
        "expression": "p(95)<5000",
        "observed": 280.0,
        "headroom": 0.944,
    }
    assert slower[-1].run_id in told["next"]
    assert "Mann-Kendall" in told["method"]


@pytest.mark.slow
async def test_a_hundred_tests_and_ten_thousand_runs_fit_into_the_budget(settings: Settings) -> None:
    chance = random.Random(1)
    names = [f"test {number} " + "é" * 100 for number in range(100)]
    runs = [past_run(number / 100, names[number % 100], chance.lognormvariate(5, 1)) for number in range(200)]
    await keep(settings, *runs, each=50)
    told = await asked(settings)
    assert told["runs"] == 10_000
    assert "cut" not in told
    assert len(told["tests"]) >= 10
    assert len(told["tests"]) + told["omitted_tests"] == 100


@pytest.mark.slow
async def test_more_days_reach_further_back(settings: Settings) -> None:
    await keep(settings, past_run(24 * 40, "old"), past_run(1, None))
    assert (await asked(settings))["runs"] == 1
    assert [test["name"] for test in (await asked(settings, days=60))["tests"]] == ["old"]


async def test_without_runs_the_answer_says_what_to_do(settings: Settings) -> None:
    told = await asked(settings, days=0.5)
    assert told["runs"] == 0
    assert "execute_k6_test" in told["next"]


@pytest.mark.parametrize("days", [0, -1, 4000, "many"])
async def test_days_that_cannot_be_are_refused(settings: Settings, days: object) -> None:
    async with Client(build_server(lambda: open_scripted(settings, ScriptedK6()))) as client:
        text = refusal(await client.call_tool("get_statistics", {"days": days}))
    assert text.startswith("invalid_arguments: days")
