"""A run of gRPC calls shows their statuses in every report.

A run without gRPC calls shows none of them.
"""

from collections.abc import Callable, Mapping

import pytest
from rich.console import Console

from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.answers.run import run_answer
from k6_mcp.frontends.cli.verdict import verdict
from k6_mcp.models.metrics import GrpcStatusCount
from k6_mcp.models.run import Run
from k6_mcp.reports.html import render_html
from k6_mcp.reports.markdown import run_markdown
from lab.sample_reports import view
from lab.sample_runs import metrics, plan, run, threshold

_STATUSES = (
    GrpcStatusCount(status=14, name="UNAVAILABLE", count=1200),
    GrpcStatusCount(status=0, name="OK", count=30),
    GrpcStatusCount(status=None, name="not defined by gRPC", count=2),
)
_CALLED = run(
    metrics=metrics(threshold(), requests=0, error_rate=None, latency=None, more={"grpc": _STATUSES}),
    plan=plan(),
)
_OTHER = run(metrics=metrics(threshold()), plan=plan())


def _terminal(shown: Run) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(verdict(run_answer(shown)))
    return captured.get()


_TOLD: Mapping[str, Callable[[Run], str]] = {
    "answer": lambda shown: run_answer(shown).model_dump_json(),
    "terminal": _terminal,
    "markdown": lambda shown: run_markdown(view(shown, None)).decode(),
    "html": lambda shown: render_html(view(shown, None)),
    "explanation": lambda shown: "\n".join(explain(shown).observations),
}


@pytest.mark.parametrize("told", _TOLD.values(), ids=_TOLD.keys())
def test_statuses_are_told(told: Callable[[Run], str]) -> None:
    text = told(_CALLED)
    assert "UNAVAILABLE" in text
    assert "not defined by gRPC" in text
    assert "UNAVAILABLE" not in told(_OTHER)


def test_the_headline_counts_the_calls() -> None:
    assert (
        run_answer(_CALLED).headline == "completed: 10 iterations at 4/s, no HTTP request, "
        "1232 gRPC calls (1200x UNAVAILABLE (14), 30x OK (0), 2x not defined by gRPC); its threshold held"
    )
