"""What `k6-mcp run` and `k6-mcp show` say about where a run is."""

import pytest
from rich.console import Console

from k6_mcp.cli.verdict import verdict
from k6_mcp.models.run import Notice
from k6_mcp.reports.answer import run_answer
from tests.history.samples import a_run


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ((), "kept in /results/runs/r"),
        (("history_unavailable",), "kept in /results/runs/r"),
        (("backup_unavailable",), "not kept: its folder could not be written"),
    ],
)
def test_only_a_run_that_is_kept_is_said_to_be(codes: tuple[str, ...], said: str) -> None:
    run = a_run().model_copy(update={"warnings": tuple(Notice(code=code, message="why") for code in codes)})
    console = Console(width=200)
    with console.capture() as shown:
        console.print(verdict(run_answer(run), "/results/runs/r"))

    assert shown.get().splitlines()[-1].strip() == said
