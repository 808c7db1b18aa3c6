"""A run over time, built from a record line by line."""

import json
from collections.abc import Mapping, Sequence

import pytest

from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.timeline import Timeline
from lab.sample_runs import CLOSING, OPENING, RECORD, START_MS, TREND, counts, line, record, rows

Row = Sequence[float]


def timeline(lines: Sequence[str] = RECORD, failed: int | None = None) -> Timeline:
    built = record(lines).timeline(failed=failed)
    assert built is not None
    return built


def recorded(*intervals: Mapping[str, Row], final: Mapping[str, Row] | None = None) -> Record:
    """A record of one interval per second, and what k6 wrote at its end after half a second more."""
    names = {name for interval in (*intervals, final or {}) for name in interval}
    kinds = {"time": {"type": "gauge"}, **{name: {"type": _type(name)} for name in sorted(names)}}
    lines = [OPENING[0], OPENING[1], line("metric", kinds)]
    lines += [
        line("snapshot", rows(1000 * number, interval, kinds))
        for number, interval in enumerate(intervals, start=1)
    ]
    if final is not None:
        lines += [
            line("cumulative", rows(1000 * len(intervals) + 500, final, kinds)),
            line("stop", [[START_MS]]),
        ]
    return record(lines)


def _type(name: str) -> str:
    metric = name.partition("{")[0]
    return {"http_req_failed": "rate", "http_req_duration": "trend", "vus": "gauge"}.get(metric, "counter")


def test_counts_of_the_intervals_and_the_rest_add_up() -> None:
    built = timeline()
    assert built.ends_s == (1.0, 2.0, 2.5)
    assert built.total.requests == (40, 40, 20)
    assert built.total.failed == (4, 4, 2)
    assert built.total.iterations == (4, 4, 2)
    assert [(error.code, error.counts) for error in built.errors] == [(1500, (4, 4, 2))]
    assert built.unanswered == (0, 0, 0)
    assert built.vus == (2, 2, 2)
    assert built.rest
    assert built.complete
    assert (built.start_unix_ms, built.period_s, built.load_start_s) == (START_MS, 1.0, 0.0)


def test_percentiles_are_those_of_the_snapshots_and_the_rest_has_none() -> None:
    built = timeline()
    avg, max_, med, _, p90, p95, p99 = TREND
    stated = {"avg_ms": avg, "p50_ms": med, "p90_ms": p90, "p95_ms": p95, "p99_ms": p99, "max_ms": max_}
    assert {name: getattr(built.total, name) for name in stated} == {
        name: (v, v, None) for name, v in stated.items()
    }
    assert built.estimated == ()


def test_a_run_without_a_snapshot_is_one_interval_with_percentiles() -> None:
    built = timeline((*OPENING, *CLOSING))
    assert built.ends_s == (2.5,)
    assert built.total.requests == (100,)
    assert built.total.p95_ms == (35.75,)
    assert not built.rest


def test_a_killed_k6_leaves_what_it_had_written() -> None:
    between_two, after_both = timeline(RECORD[:6]), timeline(RECORD[:7])
    assert between_two.total.requests == after_both.total.requests == (40, 40)
    assert (between_two.rest, after_both.rest) == (True, False)
    assert not after_both.complete


def test_an_empty_record_has_no_timeline() -> None:
    assert Record().timeline() is None
    assert record(OPENING).timeline() is None


def test_failures_add_up_to_a_number_known_exactly() -> None:
    assert sum(timeline(failed=11).total.failed) == 11
    assert sum(timeline(failed=7).total.failed) == 7
    assert timeline(failed=5_000).total.failed == timeline().total.requests


@pytest.mark.parametrize("failed", range(0, 4000, 7))
def test_a_share_of_five_digits_gives_the_number_of_failures_back(failed: int) -> None:
    requests = 3999
    share = int(failed / requests * 1e5) / 1e5
    built = recorded({"http_reqs": [requests, 1], "http_req_failed": [share]}).timeline()
    assert built is not None
    assert built.total.failed == (failed,)


def test_scenarios_are_told_apart_where_there_are_several() -> None:
    first = {"http_reqs": [5, 5], "http_reqs{scenario:a}": [5, 5], "iterations{scenario:a}": [5, 5]}
    second = {"http_reqs": [9, 9], "http_reqs{scenario:a}": [2, 2], "http_reqs{scenario:b}": [6, 6]}
    final = {
        **{"http_reqs": [16, 1], "http_reqs{scenario:a}": [8, 1], "http_reqs{scenario:b}": [7, 1]},
        **{
            "iterations{scenario:a}": [5, 5],
            "dropped_iterations": [3, 1],
            "dropped_iterations{scenario:b}": [3, 1],
        },
    }
    built = recorded(first, second, final=final).timeline()
    assert built is not None
    assert {scenario.name: scenario.series.requests for scenario in built.scenarios} == {
        "a": (5, 2, 1),
        "b": (0, 6, 1),
    }
    assert {scenario.name: scenario.dropped for scenario in built.scenarios} == {
        "a": (0, 0, 0),
        "b": (0, 0, 3),
    }
    assert built.dropped == (0, 0, 3)
    alone = recorded(first).timeline()
    assert alone is not None
    assert alone.scenarios == ()


def test_latency_is_that_of_answered_requests_and_marked_as_estimated() -> None:
    good, refused = [20.0] * 7, [0.0] * 7
    mixed = {
        **{"http_reqs": [10, 10], "http_reqs{error_code:1212}": [4, 4], "http_req_failed": [0.4]},
        **{
            "http_req_duration": [12.0, 20.0, 20.0, 0.0, 20.0, 20.0, 20.0],
            "http_req_duration{error_code:1212}": refused,
        },
    }
    answers = {"http_reqs": [5, 5], "http_reqs{error_code:1500}": [5, 5], "http_req_duration": good}
    built = recorded(mixed, answers).timeline()
    assert built is not None
    assert built.estimated == (0,)
    assert built.unanswered == (4, 0)
    assert built.total.p95_ms == (20.0, 20.0)
    assert built.total.avg_ms == (20.0, 20.0)


def test_codes_beyond_the_most_frequent_are_summed_up_as_code_0() -> None:
    codes = [*range(1000, 1100)]
    interval = {f"http_reqs{{error_code:{code}}}": [code - 999, 1] for code in codes}
    built = recorded({"http_reqs": [5050, 1], **interval}).timeline()
    assert built is not None
    assert len(built.errors) == 21
    assert built.errors[0].counts == (100,)
    assert built.errors[-1].code == 0
    assert sum(sum(error.counts) for error in built.errors) == sum(range(1, 101))


def test_active_vus_are_kept_where_an_interval_tells_none() -> None:
    built = recorded({"http_reqs": [1, 1]}, {"vus": [7]}, {"http_reqs": [1, 1]}).timeline()
    assert built is not None
    assert built.vus == (None, 7, 7)


_HOSTILE: Mapping[str, str] = {
    "truncated": RECORD[4][:-40],
    "binary": "\x00\udce4\ufffd" * 50,
    "a duplicate": RECORD[4],
    "out of order": line("snapshot", rows(500, counts(40, 4, 4))),
    "before the start": line("snapshot", rows(-5000, counts(40, 4, 4))),
    "negative counts": line(
        "snapshot", rows(1500, {"http_reqs": [-5, -5], "vus": [-1], "http_req_failed": [-1]})
    ),
    "counts beyond 64 bits": line(
        "snapshot", rows(1500, {"http_reqs": [1e300, 1], "iterations": [1e19, 1], "vus": [1e300]})
    ),
    "more failures than requests": line(
        "snapshot", rows(1500, {"http_reqs": [3, 1], "http_req_failed": [9.0]})
    ),
    "latency beyond any clock": line(
        "snapshot", rows(1500, {"http_reqs": [3, 1], "http_req_duration": [1.7e308] * 7})
    ),
    "the end of time": line("snapshot", rows(10**300, counts(40, 4, 4))),
}


@pytest.mark.parametrize("hostile", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_line_that_k6_would_not_write_never_breaks_the_timeline(hostile: str) -> None:
    for place in range(1, len(RECORD) + 1):
        built = (
            timeline((*RECORD[:place], hostile, *RECORD[place:]))
            if place > 3
            else record((*RECORD[:place], hostile)).timeline()
        )
        if built is not None:
            assert Timeline.model_validate_json(built.model_dump_json()) == built
            assert all(
                0 <= failed <= n for failed, n in zip(built.total.failed, built.total.requests, strict=True)
            )


@pytest.mark.slow
def test_a_record_without_end_stops_growing_and_counts_the_rest_in_its_last_interval() -> None:
    reader = record(OPENING)
    kinds = len(json.loads(rows_line(1))["data"])
    assert kinds > 1
    for second in range(1, 20_011):
        reader.feed(rows_line(second))
    reader.feed(line("cumulative", rows(20_010_000, {"http_reqs": [20_010, 1]})))
    built = reader.timeline()
    assert built is not None
    assert reader.damaged == 10
    assert len(built.ends_s) == 20_001
    assert sum(built.total.requests) == 20_010


def rows_line(second: int) -> str:
    return line("snapshot", rows(1000 * second, {"http_reqs": [1, 1]}))
