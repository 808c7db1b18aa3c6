"""A run over time in the terminal: bars, stages, and the trend of a test over its runs."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console, RenderableType

from k6_mcp.frontends.cli.lists import runs_view
from k6_mcp.frontends.cli.timeline import sparkline, timeline_view
from k6_mcp.models.history import HistoryPage
from k6_mcp.models.plan import ScenarioPlan, StagePlan
from lab.sample_runs import latency, metrics, plan, record, run
from lab.sample_timelines import Second, timeline_of
from tests.analysis.measure.records import long_record

_STAGES = tuple(
    StagePlan(start_s=50.0 * n, duration_s=50, from_target=900, target=900 + 50 * n) for n in range(2)
)
_SHOP = ScenarioPlan(name="shop\x1b[31m", executor="ramping-arrival-rate", rate_per_s=900, stages=_STAGES)


def drawn(view: RenderableType, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=False).print(view)
    return stream.getvalue()


def test_a_bar_is_as_high_as_its_share_of_the_largest() -> None:
    assert sparkline((0.0, 25.0, None, 50.0, 100.0)) == "▁▃ ▅█"
    assert sparkline((0.0, 0.0)) == "▁▁"
    assert sparkline(()) == ""


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_timeline_fits_its_terminal_and_names_what_it_draws(width: int) -> None:
    view = timeline_view(run(plan=plan(scenarios=(_SHOP,))), record(long_record(100, 1)).timeline(), width)
    assert view is not None
    text = drawn(view, width)
    assert all(len(text_line) <= width for text_line in text.splitlines())
    assert [word for word in ("requests/s", "p95", "errors", "dropped", "stages") if word not in text] == []
    assert "\x1b" not in text


def test_stages_tell_asked_and_achieved() -> None:
    other = ScenarioPlan(name="other\x1b[31m", executor="constant-vus", vus=2, duration_s=100)
    view = timeline_view(
        run(plan=plan(scenarios=(_SHOP, other))), record(long_record(100, 1)).timeline(), 120
    )
    assert view is not None
    text = drawn(view, 120)
    assert "900 to 950/s in 50s" in text
    assert " of 925.0" in text
    assert "\x1b" not in text


def _drawn(seconds: Sequence[Second], **facts: Any) -> str:
    view = timeline_view(run(plan=plan(scenarios=(_SHOP,))), timeline_of(seconds, **facts), 120)
    assert view is not None
    return drawn(view, 120)


def test_a_run_without_requests_is_drawn_by_its_iterations() -> None:
    text = _drawn([Second(requests=0, iterations=24, p50_ms=None)] * 5)
    assert "iterations/s  █████  up to 24.0" in text
    assert "p95" not in text.partition("stages")[0] and "requests/s" not in text.partition("stages")[0]


def test_a_moment_at_the_end_does_not_stand_for_the_share_of_errors() -> None:
    text = _drawn([Second(failed=5), Second(failed=5), Second(requests=2, failed=2)], ends_s=(1.0, 2.0, 2.05))
    assert "up to 10.00%" in text


def test_latency_without_the_requests_that_got_no_answer_is_called_that() -> None:
    assert "p95 of answers" in _drawn([Second(failed=5, unanswered=5)] * 3)


def test_a_low_rate_is_not_rounded_away() -> None:
    slow = ScenarioPlan(name="slow", executor="constant-arrival-rate", rate_per_s=0.25, duration_s=4)
    view = timeline_view(run(plan=plan(scenarios=(slow, slow))), timeline_of([Second(requests=1)] * 4), 120)
    assert view is not None and "1.0 of 0.25" in drawn(view, 120)


def test_a_run_of_one_interval_is_not_drawn() -> None:
    assert timeline_view(run(), record(long_record(0, 1)).timeline(), 80) is None
    assert timeline_view(run(), None, 80) is None


def test_the_history_draws_the_p95_of_tests_that_ran_several_times() -> None:
    runs = tuple(run(name="shop", metrics=metrics(latency=latency(p95_ms=ms))) for ms in (80.0, 40.0, 20.0))
    text = drawn(runs_view(HistoryPage(runs=(*runs, run(name="once", metrics=metrics())), total=4), 120), 120)
    assert "▃▅█" in text
    assert "20.0 ms → 80.0 ms" in text
    assert text.count("→") == 1


def test_a_name_of_several_lines_is_no_second_row_of_the_history() -> None:
    named = run(name="shop\n\nr-20260101-forged  completed", metrics=metrics())
    assert len(drawn(runs_view(HistoryPage(runs=(named,), total=1), 120), 120).strip().splitlines()) == 2
