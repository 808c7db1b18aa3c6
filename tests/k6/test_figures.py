"""Figures from the files of a real k6, compared with k6's own end-of-test summary."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from k6_mcp.analysis.measure.live import live_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.record_check import contradiction
from k6_mcp.analysis.measure.sources import read_export, read_summary
from k6_mcp.models.metrics import LiveFigures, Metrics
from k6_mcp.models.outcome import RunEvent
from k6_mcp.runners.local import LocalRunner
from lab.target import Target, open_target
from tests.k6.figure_scripts import FIGURE_SCRIPTS, filled
from tests.k6.measured import Measurement, measure, stop_after


@pytest.fixture(scope="module")
def measurements(k6_bin: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Measurement]:
    """Every script run once, all at the same time."""

    async def all_of_them() -> list[Measurement]:
        with open_target() as target:
            folders = {name: tmp_path_factory.mktemp("figures") for name in FIGURE_SCRIPTS}
            return await asyncio.gather(
                *(
                    measure(
                        k6_bin,
                        folders[name],
                        filled(FIGURE_SCRIPTS[name], target),
                        as_it_is=name == "no system tags",
                    )
                    for name in FIGURE_SCRIPTS
                )
            )

    return dict(zip(FIGURE_SCRIPTS, asyncio.run(all_of_them()), strict=True))


def _own(measurement: Measurement) -> Mapping[str, Mapping[str, Any]]:
    """k6's own summary of the run."""
    assert measurement.outcome.export is not None
    exported = cast("Mapping[str, Mapping[str, Any]]", json.loads(measurement.outcome.export)["metrics"])
    return {
        name: {key: value for key, value in values.items() if key != "thresholds"}
        for name, values in exported.items()
    }


def _as_exported(metrics: Metrics) -> Mapping[str, Mapping[str, float]]:
    renamed = {"rate": "value"}
    return {
        row.name: {
            (renamed.get(key, key) if row.type == "rate" else key): value for key, value in row.values.items()
        }
        for row in metrics.rows
    }


@pytest.mark.parametrize("name", FIGURE_SCRIPTS)
def test_rows_equal_k6s_own_summary_exactly(name: str, measurements: Mapping[str, Measurement]) -> None:
    measurement = measurements[name]
    metrics = measurement.metrics()
    assert (metrics.source, metrics.exact) == ("summary", True)
    assert _as_exported(metrics) == _own(measurement)


@pytest.mark.parametrize("name", FIGURE_SCRIPTS)
def test_what_only_we_made_k6_count_shows_in_no_list_of_metrics(
    name: str, measurements: Mapping[str, Measurement]
) -> None:
    measurement = measurements[name]
    metrics = measurement.metrics()
    asked = (
        "http_req_duration{scenario:default}",
        "http_reqs{page:first}",
        "big{kind:a}",
        "wide{status:odd}",
    )
    tagged = {row.name for row in metrics.rows if "{" in row.name}
    assert tagged <= {*asked, "http_req_duration{expected_response:true}"}
    assert {threshold.metric for threshold in measurement.plan.thresholds} >= {
        t.metric for t in metrics.thresholds
    }
    assert [row.name for row in metrics.rows if row.name.startswith("ws_")] == []


@pytest.mark.parametrize("name", FIGURE_SCRIPTS)
def test_both_files_of_k6_agree_with_its_time_series(
    name: str, measurements: Mapping[str, Measurement]
) -> None:
    measurement = measurements[name]
    record = measurement.record
    assert (record.complete, record.damaged) == (True, 0)
    for measured in (
        read_summary(measurement.outcome.summary),
        read_export(measurement.outcome.export, record),
    ):
        assert measured is not None
        assert contradiction(measured, record) is None


@pytest.mark.parametrize("name", FIGURE_SCRIPTS)
def test_the_export_gives_the_same_figures_as_the_summary(
    name: str, measurements: Mapping[str, Measurement]
) -> None:
    exact, exported = measurements[name].metrics(), measurements[name].metrics(summary=None)
    assert exported.source == "export"
    assert (exported.figures, exported.thresholds, exported.checks) == (
        exact.figures,
        exact.thresholds,
        exact.checks,
    )


@pytest.mark.parametrize("name", FIGURE_SCRIPTS)
def test_the_record_alone_gives_the_same_counts_and_almost_the_same_latency(
    name: str, measurements: Mapping[str, Measurement]
) -> None:
    exact, recorded = (
        measurements[name].metrics().figures,
        measurements[name].metrics(summary=None, export=None).figures,
    )
    for count in (
        "requests",
        "failed_requests",
        "unanswered_requests",
        "iterations",
        "iterations_dropped",
        "data_received_bytes",
    ):
        assert getattr(recorded, count) == getattr(exact, count), count
    assert bool(recorded.latency) is bool(exact.latency)
    if exact.latency and recorded.latency:
        assert (recorded.latency.of, recorded.latency.count) == (exact.latency.of, exact.latency.count)
        if exact.latency.of == "all_requests":
            assert recorded.latency.p95_ms == pytest.approx(exact.latency.p95_ms, rel=1e-3, abs=1e-4)
        else:
            # Estimated, but within those that got an answer: not as slow as the requests that timed out, nor
            # as fast as those that were refused
            assert recorded.latency.avg_ms == pytest.approx(exact.latency.avg_ms, rel=0.05, abs=0.1)
            p95_ms = recorded.latency.p95_ms or 0
            assert 0 < recorded.latency.med_ms <= p95_ms <= exact.latency.max_ms * 1.05


@pytest.mark.parametrize("name", [name for name in FIGURE_SCRIPTS if name != "no system tags"])
def test_statuses_add_up_to_the_requests(name: str, measurements: Mapping[str, Measurement]) -> None:
    metrics = measurements[name].metrics()
    assert sum(status.count for status in metrics.statuses) == metrics.figures.requests
    assert (
        sum(error.count for error in metrics.errors) == metrics.figures.failed_requests
        or not metrics.figures.failed_requests
    )


def test_thresholds_are_what_k6_says_with_the_value_they_rest_on(
    measurements: Mapping[str, Measurement],
) -> None:
    measurement = measurements["every type of metric"]
    own = _own(measurement)
    results = {
        (t.metric, t.expression): (t.ok, t.observed, t.has_samples) for t in measurement.metrics().thresholds
    }
    assert results == {
        ("http_req_duration", "p(95)<5000"): (True, own["http_req_duration"]["p(95)"], True),
        ("http_req_duration", "p(97.5)<5000"): (True, own["http_req_duration"]["p(97.5)"], True),
        ("http_req_duration{scenario:default}", "avg<0"): (False, own["http_req_duration"]["avg"], True),
        ("http_reqs{page:first}", "count>1"): (True, own["http_reqs{page:first}"]["count"], True),
        ("checks", "rate>0.9"): (False, 0.5, True),
        ("render", "med<1000"): (True, own["render"]["med"], True),
        ("depth", "value<1"): (False, own["depth"]["value"], True),
    }


def test_requests_without_an_answer_are_told_by_their_code(measurements: Mapping[str, Measurement]) -> None:
    metrics = measurements["refused, closed, reset and timed out"].metrics()
    figures, codes = metrics.figures, {error.code: error.count for error in metrics.errors}
    assert set(codes) == {1000, 1050, 1212, 1220}
    assert figures.unanswered_requests == sum(codes.values()) == figures.failed_requests
    assert figures.latency is not None
    assert (figures.latency.of, figures.latency.count) == (
        "successful_requests",
        figures.requests - figures.unanswered_requests,
    )
    assert figures.latency.min_ms > 0


def test_system_tags_that_a_script_leaves_out_cost_names_of_checks_but_no_error(
    measurements: Mapping[str, Measurement],
) -> None:
    metrics = measurements["no system tags"].metrics()
    refused = metrics.figures.requests // 2
    assert (
        [(s.status, s.count) for s in metrics.statuses],
        [(e.code, e.count) for e in metrics.errors],
        metrics.checks,
    ) == (
        [(0, refused)],
        [(1212, refused)],
        (),
    )
    assert [warning.partition(":")[0] for warning in metrics.warnings] == [
        "statuses_incomplete",
        "checks_incomplete",
    ]
    assert metrics.figures.unanswered_requests == metrics.figures.requests // 2


def test_counts_stay_exact_beyond_five_digits(measurements: Mapping[str, Measurement]) -> None:
    measurement = measurements["more than 100 000 iterations"]
    assert measurement.record.count("iterations") == measurement.metrics().figures.iterations == 110_000


def test_setup_and_teardown_are_no_load(measurements: Mapping[str, Measurement]) -> None:
    figures = measurements["setup and teardown"].metrics().figures
    assert figures.load_s == 2.0
    assert figures.requests_outside_load == 1
    assert figures.requests_per_s == (figures.requests - 1) / 2.0 == pytest.approx(20, abs=2)
    assert figures.wall_s > 4.4


def test_vus_in_use_are_fewer_than_those_that_an_arrival_rate_keeps_ready(
    measurements: Mapping[str, Measurement],
) -> None:
    measurement = measurements["an arrival rate with VUs to spare"]
    figures, recorded = measurement.metrics().figures, measurement.metrics(summary=None, export=None).figures
    assert figures.vus_allocated == recorded.vus_allocated == 40
    assert figures.vus_max == recorded.vus_max == _own(measurement)["vus"]["max"]
    assert 1 <= (figures.vus_max or 0) < 40


def test_latency_that_setup_moves_is_said_with_the_figures_without_it(
    measurements: Mapping[str, Measurement],
) -> None:
    metrics, quick = measurements["a slow setup"].metrics(), measurements["a quick setup"].metrics()
    (told,) = (warning for warning in metrics.warnings if warning.startswith("setup_in_latency: "))
    assert "2 of 22 requests (9.09 %) came from setup() and teardown()" in told
    without = {name: float(value) for name, value in re.findall(r"(average|p95) ([0-9.]+) instead of", told)}
    assert metrics.figures.latency is not None and (metrics.figures.latency.p95_ms or 0) > 1400
    assert 20 <= without["average"] <= without["p95"] < 1400
    assert not [warning for warning in quick.warnings if warning.startswith("setup_in_latency: ")]


def test_a_graceful_stop_is_no_load(measurements: Mapping[str, Measurement]) -> None:
    measurement = measurements["a graceful stop"]
    figures = measurement.metrics().figures
    assert figures.load_s == pytest.approx(2.0, abs=0.5)
    assert figures.iterations_interrupted == measurement.outcome.interrupted == 1


async def test_a_stopped_run_keeps_exact_figures_up_to_the_stop(
    k6_bin: str, tmp_path: Path, target: Target
) -> None:
    script = """
export const options = { vus: 2, duration: '30s' };
export default function () { http.get('{target}/delay/20'); }"""
    measurement = await measure(k6_bin, tmp_path, filled(script, target), stop_after(1.0))
    metrics = measurement.metrics()
    assert (measurement.outcome.stop_reason, metrics.source) == ("caller", "summary")
    assert _as_exported(metrics) == _own(measurement)
    assert 0.9 <= metrics.figures.load_s < 10


async def test_live_figures_grow_to_the_final_ones(k6_bin: str, tmp_path: Path, target: Target) -> None:
    script = """
export const options = { vus: 2, duration: '2500ms' };
export default function () { http.get('{target}/delay/20'); }"""
    seen: list[LiveFigures] = []

    def watch(runner: LocalRunner, event: RunEvent, record: Record) -> None:
        seen.append(live_figures(record, None, None))

    measurement = await measure(k6_bin, tmp_path, filled(script, target), watch)
    counts = [live.requests for live in seen]
    assert counts == sorted(counts)
    assert counts[-1] == measurement.metrics().figures.requests == target.total
    intervals = [live for live in seen if live.requests_per_s]
    assert intervals
    assert all(
        live.p95_ms is not None and live.p95_ms >= 20 and live.error_rate == 0 and live.vus <= 2
        for live in intervals
    )


async def test_values_that_are_not_finite_cost_only_themselves(
    k6_bin: str, tmp_path: Path, target: Target
) -> None:
    script = """
const odd = new Trend('odd');
export const options = { vus: 1, iterations: 5,
  thresholds: { odd: ['avg<5'], http_req_failed: ['rate<0.1'] } };
export default function () { http.get('{target}/ok'); odd.add(Infinity); odd.add(1); }"""
    metrics = (await measure(k6_bin, tmp_path, filled(script, target))).metrics()
    assert (metrics.exact, metrics.figures.requests) == (True, 5)
    assert {t.metric: (t.ok, t.observed) for t in metrics.thresholds} == {
        "odd": (False, None),
        "http_req_failed": (True, 0.0),
    }
    assert any(warning.startswith("not_finite: odd") for warning in metrics.warnings)


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not count waiting")
def test_what_k6_took_and_waited_for_is_known_after_a_second(measurements: Mapping[str, Measurement]) -> None:
    found = measurements["every type of metric"].metrics().generator

    assert found is not None
    assert found.cpu_s > 0
    assert found.cpu_wait_s is not None and found.cpu_wait_s > 0
    assert found.steal_s is not None and found.steal_s >= 0
