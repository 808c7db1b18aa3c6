"""What `k6-mcp run` and `k6-mcp show` print about a run: its endpoints, and where it is."""

import pytest
from rich.console import Console

from k6_mcp.answers.run import run_answer
from k6_mcp.answers.run_shape import AnswerEndpoint
from k6_mcp.frontends.cli.verdict import verdict
from k6_mcp.models.run import Notice
from tests.history.samples import a_run


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ((), "kept in /results/runs/r"),
        (("history_unavailable",), "kept in /results/runs/r"),
        (("backup_unavailable",), "not kept in /results/runs/r, see above"),
    ],
)
def test_only_a_run_that_is_kept_is_said_to_be(codes: tuple[str, ...], said: str) -> None:
    run = a_run().model_copy(update={"warnings": tuple(Notice(code=code, message="why") for code in codes)})
    console = Console(width=200)
    with console.capture() as shown:
        console.print(verdict(run_answer(run), "/results/runs/r"))

    assert shown.get().splitlines()[-1].strip() == said


def test_names_of_endpoints_stay_on_one_line_where_there_is_room() -> None:
    names = ("http://127.0.0.1:18771/lat/1500?batch", "poll")
    endpoints = tuple(AnswerEndpoint(name=name, requests=9, failed=0, p95_ms=11314.0) for name in names)
    console = Console(width=120)
    with console.capture() as shown:
        console.print(verdict(run_answer(a_run()).model_copy(update={"endpoints": endpoints})))

    lines = shown.get().splitlines()
    assert all(any(name in line and "p95 11314 ms" in line for line in lines) for name in names)
