import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.summary import read
from k6_mcp.models.metrics import CheckResult, ErrorCount, StatusCount
from k6_mcp.models.plan import ScenarioPlan
from lab.sample_runs import (
    CLOSING,
    KINDS,
    RECORD,
    counts,
    ended_well,
    export,
    line,
    metric,
    outcome,
    plan,
    record,
    rows,
    summary,
)

Data = dict[str, Any]


def _codes(warnings: tuple[str, ...]) -> set[str]:
    return {warning.partition(":")[0] for warning in warnings}


def test_every_row_is_the_summarys_own_unrounded() -> None:
    metrics = read(ended_well(), record(), None)
    assert (metrics.source, metrics.exact, metrics.warnings) == ("summary", True, ())
    assert {row.name: dict(row.values) for row in metrics.rows} == {
        n: m["values"] for n, m in summary()["metrics"].items()
    }
    assert {row.name: (row.type, row.contains) for row in metrics.rows}["http_req_duration"] == (
        "trend",
        "time",
    )


def test_the_export_says_the_same_as_the_summary() -> None:
    wanted = read(ended_well(), record(), None)
    metrics = read(ended_well(summary=None), record(), None)
    assert (metrics.source, metrics.exact) == ("export", True)
    only_in_summary = {
        "source": "summary",
        "statuses": wanted.statuses,
        "endpoints_note": wanted.endpoints_note,
        "warnings": (),
    }
    assert _codes(metrics.warnings) == {"statuses_incomplete"}
    assert metrics.model_copy(update=only_in_summary) == wanted


def test_the_export_is_understood_without_a_record() -> None:
    wanted = {row.name: row for row in read(ended_well(), record(), None).rows}
    metrics = read(ended_well(summary=None), Record(), None)
    assert {row.name: row for row in metrics.rows} == wanted


def test_expected_statuses_are_no_errors() -> None:
    name = "http_req_failed{error_code:1500}"
    kinds = {**KINDS, name: {"type": "rate"}}
    for share, errors in ((0.0, ()), (0.33333, (ErrorCount(code=1500, meaning="HTTP 500", count=3),))):
        totals = {**counts(100, 10, 10), name: [share]}
        lines = (
            *RECORD[:2],
            line("metric", kinds),
            line("cumulative", rows(2500, totals, kinds)),
            CLOSING[1],
        )
        assert read(ended_well(), record(lines), None).errors == errors


def test_websocket_sessions_are_counted_by_handshake() -> None:
    data = summary()
    data["metrics"]["ws_sessions"] = metric("counter", {"count": 7, "rate": 1})
    for opened, refused, sessions in (
        (5, 0, ((101, 5), (0, 2))),
        (7, 0, ((101, 7),)),
        (0, 4, ((403, 4), (0, 3))),
        (0, 0, ((0, 7),)),
    ):
        by_status = {"ws_sessions{status:101}": opened, "ws_sessions{status:403}": refused}
        data["k6-mcp"] = {
            name: metric("counter", {"count": count, "rate": 1}) for name, count in by_status.items() if count
        }
        metrics = read(ended_well(summary=json.dumps(data)), Record(), None)
        assert metrics.websockets == tuple(
            StatusCount(status=status, count=count) for status, count in sessions
        )
    del data["k6-mcp"]
    assert read(ended_well(summary=json.dumps(data)), Record(), None).websockets == ()


def test_an_answer_with_a_status_that_is_not_counted_is_missing_and_said() -> None:
    data = summary()
    data["k6-mcp"]["http_reqs{status:200}"]["values"]["count"] = 87
    metrics = read(ended_well(summary=json.dumps(data)), record(), None)
    assert metrics.statuses == (StatusCount(status=200, count=87), StatusCount(status=500, count=10))
    assert metrics.warnings[0].startswith("statuses_incomplete: 97 of 100")


def test_key_figures_undo_k6s_traps() -> None:
    figures = read(ended_well(), record(), None).figures
    assert (figures.requests, figures.failed_requests, figures.error_rate) == (100, 10, 0.1)
    assert (figures.checks_passed, figures.checks_failed) == (10, 10)
    assert figures.vus_max == 2
    assert figures.load_s == 2.499
    assert figures.requests_per_s == 100 / 2.499
    assert figures.wall_s == 2.6


def test_vus_in_use_are_told_apart_from_those_that_k6_made() -> None:
    data = summary()
    data["metrics"]["vus"]["values"] = {"value": 1, "min": 1, "max": 4}
    data["metrics"]["vus_max"]["values"] = {"value": 50, "min": 50, "max": 50}
    figures = read(ended_well(summary=json.dumps(data)), record(), None).figures
    assert (figures.vus_max, figures.vus_allocated) == (4, 50)

    data["metrics"]["vus"]["values"] = {"value": 0, "min": 0, "max": 0}
    assert read(ended_well(summary=json.dumps(data)), record(), None).figures.vus_max == 1


def test_vus_in_use_come_from_the_series_where_k6_left_no_summary() -> None:
    falling = (
        *RECORD[:3],
        *(line("cumulative", rows(at, counts(at // 10, 0, 1, vus))) for at, vus in ((1000, 7), (2000, 3))),
    )
    figures = read(outcome(-9), record(falling), None).figures
    assert (figures.vus_max, figures.vus_allocated) == (7, 3)


def test_requests_of_setup_and_teardown_are_counted_but_are_no_load() -> None:
    inside = {**counts(100, 10, 10), "http_reqs{scenario:default}": [75, 75]}
    lines = (*RECORD[:3], line("cumulative", rows(2500, inside)), CLOSING[1])
    figures = read(ended_well(), record(lines), plan()).figures
    assert (figures.requests, figures.requests_outside_load, figures.requests_per_s) == (100, 25, 75 / 2.499)
    cut_short = read(ended_well(), record(lines[:-1]), plan()).figures
    assert (cut_short.requests_outside_load, cut_short.requests_per_s) == (0, 100 / 2.499)
    assert read(ended_well(), record(), plan()).figures.requests_outside_load == 0


@pytest.mark.parametrize(
    ("inside", "fast_ms", "told"),
    [
        (97, 12.4, None),
        (97, 9.0, "3 of 100 requests (3 %) came from setup() and teardown()"),
        (90, 12.4, "without them: average 12.4 instead of 12.35 ms, p95 12.4 instead of 35.75 ms"),
    ],
)
def test_requests_of_setup_that_move_the_latency_are_said_with_the_latency_without_them(
    inside: int, fast_ms: float, told: str | None
) -> None:
    tagged = "http_req_duration{scenario:default}"
    kinds = {**KINDS, tagged: {"type": "trend", "contains": "time"}}
    statistics = [fast_ms, 40, 11, 2, 30, 35.7 if told is None else fast_ms, 39]
    totals = {**counts(100, 10, 10), "http_reqs{scenario:default}": [inside, inside], tagged: statistics}
    lines = (*RECORD[:2], line("metric", kinds), line("cumulative", rows(2500, totals, kinds)), CLOSING[1])
    warnings = [
        w for w in read(ended_well(), record(lines), plan()).warnings if w.startswith("setup_in_latency: ")
    ]
    assert len(warnings) == (told is not None)
    assert told is None or told in warnings[0]
    assert told is None or warnings[0].endswith(
        "a threshold on http_req_duration{scenario:default} judges only that scenario's load"
    )


def test_two_fast_requests_of_setup_do_not_move_the_p95_of_several_scenarios() -> None:
    """Combining the percentiles of unlike scenarios gives only an estimate.

    Here the estimate is far from any effect that two requests can have.
    """
    names = ("default", "steady", "mixed")
    tags = tuple(f"{{scenario:{name}}}" for name in names)
    kinds = {**KINDS, **{f"http_reqs{tag}": {"type": "counter"} for tag in tags}}
    kinds |= {f"http_req_duration{tag}": {"type": "trend", "contains": "time"} for tag in tags}
    totals = {
        **counts(500, 0, 10),
        "http_req_duration": [9.9, 74.7, 0.31, 0.05, 51.5, 62.5, 67.7],
        "http_reqs{scenario:default}": [375, 375],
        "http_req_duration{scenario:default}": [0.4, 4, 0.3, 0.05, 0.9, 1.1, 2],
        "http_reqs{scenario:steady}": [41, 41],
        "http_req_duration{scenario:steady}": [51.4, 54, 51.3, 50.5, 52.5, 53, 53.5],
        "http_reqs{scenario:mixed}": [82, 82],
        "http_req_duration{scenario:mixed}": [33, 74.7, 31, 0.3, 67, 69, 73],
    }
    lines = (*RECORD[:2], line("metric", kinds), line("cumulative", rows(2500, totals, kinds)), CLOSING[1])
    scenarios = tuple(
        ScenarioPlan(name=name, executor="constant-vus", vus=1, duration_s=2.5) for name in names
    )
    measured = read(ended_well(summary=None, export=None), record(lines), plan(scenarios=scenarios))

    assert measured.figures.requests_outside_load == 2
    assert [w for w in measured.warnings if w.startswith("setup_in_latency: ")] == []


def test_thresholds_carry_what_was_observed() -> None:
    planned = plan(
        ("http_req_failed", "rate<0.05"),
        ("http_req_duration", "p(95)<500"),
        ("http_req_duration", "p(99.9)<39"),
    )
    thresholds = {
        (t.metric, t.expression): (t.ok, t.observed) for t in read(ended_well(), record(), planned).thresholds
    }
    assert thresholds == {
        ("http_req_failed", "rate<0.05"): (False, 0.1),
        ("http_req_duration", "p(95)<500"): (True, 35.75),
        ("http_req_duration", "p(99.9)<39"): (False, 40.0),
    }


def test_checks_keep_their_group_and_counts() -> None:
    for source in (ended_well(), ended_well(summary=None)):
        assert read(source, record(), None).checks == (
            CheckResult(group="", name="is 201", passes=0, fails=10),
            CheckResult(group="shop", name="is 200", passes=10, fails=0),
        )


def test_errors_and_statuses_are_counted_and_add_up_to_the_requests() -> None:
    metrics = read(ended_well(), record(), None)
    assert metrics.statuses == (StatusCount(status=200, count=90), StatusCount(status=500, count=10))
    assert sum(status.count for status in metrics.statuses) == metrics.figures.requests
    assert metrics.errors == (ErrorCount(code=1500, meaning="HTTP 500", count=10),)


def test_what_setup_returned_is_not_kept() -> None:
    assert "SECRET" not in read(ended_well(), record(), None).model_dump_json()


def _values(name: str, **changed: float) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        data["metrics"][name]["values"].update(changed)

    return change


def _without(*path: str) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        for part in path[:-1]:
            data = data[part]
        del data[path[-1]]

    return change


def _invented(data: Data) -> None:
    data["metrics"]["my_errors"] = metric("counter", {"count": 5, "rate": 2})


_FORGED: Mapping[str, Callable[[Data], None]] = {
    "more requests": _values("http_reqs", count=101),
    "fewer requests": _values("http_reqs", count=99),
    "fewer iterations": _values("iterations", count=9),
    "no failures": _values("http_req_failed", passes=0, fails=100, rate=0),
    "a rate that is not that of its counts": _values("http_req_failed", rate=0.0),
    "counts that are not those of the rate": _values("http_req_failed", passes=0, fails=100),
    "a better average": _values("http_req_duration", avg=12.2),
    "a better p95": _values("http_req_duration", **{"p(95)": 35.7}),
    "a better maximum": _values("http_req_duration", max=40.0),
    "checks that all passed": _values("checks", passes=20, fails=0, rate=1),
    "no requests at all": _without("metrics", "http_reqs"),
    "an invented metric": _invented,
    "no metrics": _without("metrics"),
    "no groups": _without("root_group"),
}


@pytest.mark.parametrize("forge", _FORGED.values(), ids=_FORGED.keys())
def test_a_forged_summary_gives_way_to_the_export(forge: Callable[[Data], None]) -> None:
    data = summary()
    forge(data)
    metrics = read(ended_well(summary=json.dumps(data)), record(), None)
    assert (metrics.source, metrics.figures) == ("export", read(ended_well(), record(), None).figures)
    assert _codes(metrics.warnings) == {
        "statuses_incomplete",
        *(("summary_contradicted",) if "metrics" in data and "root_group" in data else ()),
    }


@pytest.mark.parametrize("forge", _FORGED.values(), ids=_FORGED.keys())
def test_when_both_are_forged_the_record_is_used_and_said(forge: Callable[[Data], None]) -> None:
    data = summary()
    forge(data)
    metrics = read(ended_well(summary=json.dumps(data), export=None), record(), None)
    assert (metrics.source, metrics.exact) == ("record", False)
    assert "figures_from_record" in _codes(metrics.warnings)
    assert (metrics.figures.requests, metrics.figures.failed_requests, metrics.figures.iterations) == (
        100,
        10,
        10,
    )
    assert metrics.statuses == (StatusCount(status=500, count=10),)
    assert metrics.figures.latency is not None
    assert metrics.figures.latency.p95_ms == 35.75


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "17", '"x"', "{}", '{"metrics":{},"root_group":{}', "\x00", "[" * 100_000]
)
def test_what_is_no_summary_is_as_if_it_were_missing(text: str) -> None:
    metrics = read(ended_well(summary=text, export=text), record(), None)
    assert metrics.source == "record"
    assert read(outcome(summary=text, export=text), Record(), None).source == "none"


def test_a_value_that_is_not_finite_is_left_out_and_said() -> None:
    data = summary()
    data["metrics"]["queue"] = metric("trend", {"avg": None, "min": 1, "med": 1, "max": None, "count": 3})  # type: ignore[dict-item]
    metrics = read(ended_well(summary=json.dumps(data)), record(RECORD[:-2]), None)
    assert {row.name: dict(row.values) for row in metrics.rows}["queue"] == {"min": 1, "med": 1, "count": 3}
    assert _codes(metrics.warnings) == {"not_finite", "statuses_incomplete", "figures_unverified"}


def test_not_a_number_in_the_file_makes_it_invalid() -> None:
    data = summary()
    data["metrics"]["http_reqs"]["values"]["rate"] = float("nan")
    assert read(ended_well(summary=json.dumps(data)), record(), None).source == "export"


def test_forged_checks_are_not_shown() -> None:
    data = summary()
    data["root_group"]["checks"][0]["fails"] = 0
    metrics = read(ended_well(summary=json.dumps(data)), record(), None)
    assert (metrics.source, metrics.checks) == ("summary", ())
    assert "checks_incomplete" in _codes(metrics.warnings)


def test_a_forged_verdict_is_overruled_by_the_value_it_rests_on() -> None:
    data = summary()
    data["metrics"]["http_req_failed"]["thresholds"]["rate<0.05"]["ok"] = True
    [failed, _] = read(ended_well(summary=json.dumps(data)), record(), None).thresholds
    assert (failed.metric, failed.ok) == ("http_req_failed", False)


def test_a_time_series_that_ends_long_before_k6_is_told() -> None:
    assert "figures_incomplete" not in _codes(
        read(outcome(-9, seconds=2.6), record(RECORD[:7]), None).warnings
    )
    assert "figures_incomplete" in _codes(read(outcome(-9, seconds=60), record(RECORD[:7]), None).warnings)
    assert "figures_incomplete" in _codes(read(outcome(seconds=2.6), record(RECORD[:7]), None).warnings)


def test_a_killed_run_keeps_the_figures_up_to_its_last_second() -> None:
    metrics = read(
        outcome(-9),
        record(RECORD[:7]),
        plan(("http_req_failed", "rate<0.05"), ("http_req_duration{page:a}", "avg<1")),
    )
    assert (metrics.source, metrics.exact, metrics.figures.requests) == ("record", False, 80)
    assert [(t.metric, t.ok, t.observed) for t in metrics.thresholds] == [("http_req_failed", False, 0.1)]
    assert {"figures_from_record", "thresholds_not_judged"} <= _codes(metrics.warnings)


def test_an_unfinished_record_does_not_contradict_the_summary_it_is_behind() -> None:
    assert read(ended_well(), record(RECORD[:7]), None).source == "summary"
    data = summary()
    data["metrics"]["http_reqs"]["values"]["count"] = 79
    assert read(ended_well(summary=json.dumps(data)), record(RECORD[:7]), None).source == "export"


def test_a_run_that_nobody_watched_to_its_end_lasted_as_long_as_its_record() -> None:
    figures = read(outcome(None, seconds=0), record(RECORD[:7]), None).figures
    assert (figures.requests, figures.wall_s, figures.load_s, figures.requests_per_s) == (80, 2.0, 2.0, 40.0)


def test_a_run_that_left_nothing_has_no_figures() -> None:
    metrics = read(outcome(-2), Record(), plan())
    assert (metrics.source, metrics.exact, metrics.figures.requests, metrics.rows) == ("none", False, 0, ())


def test_the_sample_files_are_those_of_one_run() -> None:
    assert export()["metrics"]["http_req_failed"] == {
        "passes": 10,
        "fails": 90,
        "value": 0.1,
        "thresholds": {"rate<0.05": True},
    }
