from k6_mcp.analysis.measure.live import live_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.outcome import Progress
from k6_mcp.models.plan import ScenarioPlan
from lab.sample_runs import RECORD, plan, record

PROGRESS = Progress(elapsed_s=2.4, percent=24.0, vus=3, max_vus=5, iterations=9, interrupted=0)


def test_a_running_test_shows_totals_and_its_last_interval() -> None:
    live = live_figures(record(RECORD[:7]), PROGRESS, plan())
    assert (live.elapsed_s, live.percent, live.vus, live.iterations, live.requests) == (2.4, 24.0, 3, 9, 80)
    assert (live.requests_per_s, live.p95_ms, live.error_rate) == (40.0, 35.75, 0.1)


def test_before_the_first_interval_only_progress_is_known() -> None:
    live = live_figures(Record(), PROGRESS._replace(percent=None, elapsed_s=0.5), plan())
    assert (live.requests, live.requests_per_s, live.p95_ms, live.error_rate) == (0, None, None, None)
    assert live.percent == 20.0


def test_without_progress_the_record_tells_how_far_it_is() -> None:
    live = live_figures(record(RECORD[:7]), None, plan())
    assert (live.elapsed_s, live.vus, live.iterations, live.percent) == (2.0, 2, 8, 80.0)


def test_percent_stays_within_its_bounds() -> None:
    assert live_figures(Record(), PROGRESS._replace(percent=None, elapsed_s=99.0), plan()).percent == 100.0
    assert live_figures(Record(), PROGRESS._replace(percent=101.0), plan()).percent == 100.0


def test_a_plan_of_iterations_has_no_percentage_of_time() -> None:
    counted = plan(
        scenarios=(ScenarioPlan(name="s", executor="shared-iterations", iterations=5, duration_s=600.0),)
    )
    assert live_figures(Record(), None, counted).percent is None
    assert live_figures(Record(), None, None).percent is None
