import json
import pickle

import pytest

from k6_mcp.analysis.measure.record import Record
from lab.sample_runs import CLOSING, OPENING, RECORD, START_MS, TREND, counts, line, record, rows

_HOSTILE = {
    "nothing": "",
    "blank": "   ",
    "not JSON": "running (0m01.0s)",
    "truncated": RECORD[3][: len(RECORD[3]) // 2],
    "binary": "\x00\x01\ufffd\udce4",
    "a number": "17",
    "a list": "[1,2,3]",
    "no event": '{"data":[[1]]}',
    "an unknown event": line("threshold", {"checks": ["rate>0.9"]}),
    "rows that are no list": line("cumulative", {"a": 1}),
    "too few rows": line("cumulative", [[1], [2]]),
    "too many columns": line("cumulative", [[1, 2, 3, 4] for _ in rows(0, {})]),
    "text in a row": line("snapshot", [["x"] for _ in rows(0, {})]),
    "truth values in a row": line("snapshot", [[True] for _ in rows(0, {})]),
    "NaN": line("cumulative", rows(1500, {"vus": [float("nan")]})),
    "Infinity": line("snapshot", rows(1500, {"vus": [float("inf")]})),
    "a number beyond any float": '{"event":"cumulative","data":[[1' + "0" * 400 + "]]}",
    "a number beyond any parser": '{"event":"cumulative","data":[[1' + "0" * 5000 + "]]}",
    "deep nesting": "[" * 100_000,
    "metrics that are no object": line("metric", [1, 2]),
    "a metric without type": line("metric", {"x": 5}),
    "a huge line": line("metric", {"x" * 9_000_000: {"type": "counter"}}),
    "time going backwards": line("cumulative", rows(-5000, counts(1, 0, 1))),
    "a snapshot of no time": line("snapshot", rows(1000, counts(1, 0, 1))),
}


def test_the_last_cumulative_row_is_everything_since_the_start() -> None:
    totals = record().totals()
    assert totals is not None
    assert totals.rows["http_reqs"] == {"count": 100, "rate": 100}
    assert totals.rows["http_reqs{error_code:1500}"]["count"] == 10
    assert totals.rows["http_req_duration"] == dict(
        zip(("avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"), TREND, strict=True)
    )
    assert "time" not in totals.rows
    assert totals.seconds == 2.5
    assert record().complete


def test_the_interval_is_the_last_complete_one_and_its_rates_use_its_real_length() -> None:
    lines = (
        *OPENING,
        line("cumulative", rows(800, counts(40, 4, 4))),
        line("snapshot", rows(800, counts(40, 4, 4))),
    )
    interval = record(lines).interval()
    assert interval is not None
    assert (interval.at_s, interval.seconds) == (0.8, 0.8)
    assert (interval.requests_per_s, interval.iterations_per_s) == (50.0, 5.0)
    assert (interval.p95_ms, interval.error_rate, interval.vus) == (35.75, 0.1, 2)


def test_requests_that_never_connected_do_not_make_an_interval_look_fast() -> None:
    kinds = {
        "time": {"type": "gauge"},
        "http_reqs": {"type": "counter"},
        "http_reqs{error_code:1212}": {"type": "counter"},
        "http_reqs{error_code:1500}": {"type": "counter"},
        "http_req_duration": {"type": "trend"},
        "http_req_duration{error_code:1212}": {"type": "trend"},
    }
    values = {
        "http_reqs": [10, 10],
        "http_reqs{error_code:1212}": [9, 9],
        "http_req_duration": [2, 20, 0, 0, 0, 0, 0],
        "http_req_duration{error_code:1212}": [0, 0, 0, 0, 0, 0, 0],
    }
    start = (OPENING[0], OPENING[1], line("metric", kinds))
    interval = record((*start, line("snapshot", rows(1000, values, kinds)))).interval()
    assert interval is not None
    assert interval.p95_ms == pytest.approx(20, abs=1)
    values["http_reqs{error_code:1212}"] = [10, 10]
    refused = record((*start, line("snapshot", rows(1000, values, kinds)))).interval()
    assert refused is not None
    assert refused.p95_ms is None
    del values["http_reqs{error_code:1212}"], values["http_req_duration{error_code:1212}"]
    failing = record(
        (*start, line("snapshot", rows(1000, {**values, "http_reqs{error_code:1500}": [9, 9]}, kinds)))
    ).interval()
    assert failing is not None
    assert failing.p95_ms == 0


def test_names_announced_later_take_their_place_in_byte_order() -> None:
    kinds = {"time": {"type": "gauge"}, "b": {"type": "counter"}}
    later = {"a": {"type": "counter"}, "é": {"type": "counter"}, "b{x:1}": {"type": "counter"}}
    lines = (
        OPENING[0],
        OPENING[1],
        line("metric", kinds),
        line("cumulative", [[2, 2], [START_MS + 1]]),
        line("metric", later),
    )
    totals = record((*lines, line("cumulative", [[1, 1], [3, 3], [4, 4], [START_MS + 2], [5, 5]]))).totals()
    assert totals is not None
    assert {name: row["count"] for name, row in totals.rows.items()} == {"a": 1, "b": 3, "b{x:1}": 4, "é": 5}


@pytest.mark.parametrize("text", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_line_it_cannot_use_changes_nothing(text: str) -> None:
    expected = record()
    reader = record((*RECORD[:4], text, RECORD[4], text, *RECORD[5:]))
    assert reader.totals() == expected.totals()
    assert reader.interval() == expected.interval()
    assert reader.activity() == expected.activity()


def test_a_damaged_line_is_counted() -> None:
    assert record((*RECORD[:5], _HOSTILE["truncated"], *RECORD[5:])).damaged == 1
    assert record().damaged == 0


@pytest.mark.parametrize(
    "lines", [(), RECORD[:1], RECORD[:3], RECORD[::-1], RECORD[4:], [RECORD[1]] * 3], ids=str
)
def test_lines_that_are_missing_or_out_of_order_raise_nothing(lines: list[str]) -> None:
    reader = record(lines)
    assert reader.seconds >= 0
    assert (reader.totals() is None) == (reader.seconds == 0)
    assert reader.activity() is None or reader.totals() is not None


def test_nothing_after_the_end_of_the_record_counts() -> None:
    forged = line("cumulative", rows(9000, counts(999, 0, 999)))
    totals = record((*RECORD, forged)).totals()
    assert totals is not None
    assert totals.rows["http_reqs"]["count"] == 100


def test_a_record_whose_last_figures_are_missing_is_not_complete() -> None:
    assert not record(RECORD[:-2]).complete
    assert not record((*RECORD[:-2], CLOSING[1])).complete


def test_an_interval_takes_a_few_numbers_of_memory() -> None:
    def size_after(intervals: int) -> int:
        reader = Record()
        for text in OPENING:
            reader.feed(text)
        for n in range(1, intervals + 1):
            reader.feed(line("cumulative", rows(n * 1000, counts(40, 4, 4))))
            reader.feed(line("snapshot", rows(n * 1000, counts(40, 4, 4))))
        assert reader.interval() is not None
        return len(pickle.dumps(vars(reader)))

    assert size_after(2000) <= size_after(20) + 2000 * 200


def test_load_is_seen_from_the_first_active_interval_to_the_last() -> None:
    activity = record().activity()
    assert activity is not None
    assert activity.start_from_s == 0
    # The first iteration took 40 ms
    assert activity.start_by_s == 0.96
    assert (activity.last_from_s, activity.last_to_s) == (2.0, 2.5)


def test_setup_and_teardown_are_no_load() -> None:
    untagged = {"http_reqs": [5.0, 5.0], "http_reqs{status:200}": [5.0, 5.0], "vus": [0.0]}
    lines = (
        *OPENING,
        line("snapshot", rows(1000, untagged)),
        line("snapshot", rows(2000, untagged)),
        line("snapshot", rows(3000, counts(40, 4, 4))),
        line("snapshot", rows(4000, untagged)),
    )
    activity = record(lines).activity()
    assert activity is not None
    assert 1.0 <= activity.start_from_s <= activity.start_by_s <= 3.0
    assert (activity.last_from_s, activity.last_to_s) == (2.0, 3.0)


def test_a_run_in_which_nothing_finished_shows_no_load() -> None:
    assert record((*OPENING, line("snapshot", rows(1000, {"vus": [2.0]})))).activity() is None


def test_a_sub_metric_is_of_its_metrics_type() -> None:
    reader = record()
    assert reader.kind("http_req_duration{page:x}") == reader.kind("http_req_duration")
    assert reader.kind("nope{page:x}") is None
    assert json.loads(RECORD[2])["data"]["http_reqs"] == {"type": "counter"}
