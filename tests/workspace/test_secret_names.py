"""Names without secrets, and figures that stay with their names."""

import json

import pytest

from k6_mcp.analysis.measure.record import Record
from k6_mcp.redaction import is_ordinary, mask_metric
from k6_mcp.workspace.secret_names import RecordNames
from lab.sample_runs import AGGREGATES, START_MS, line

SECRETS = ("zz-secret", "http_req", "true")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("made_zz-secret", "made_***"),
        ("http_reqs{user:zz-secret}", "http_reqs{user:***}"),
        ("http_req_duration{scenario:as_zz-secret}", "http_req_duration{scenario:as_***}"),
        ("http_req_duration", "http_req_duration"),
        ("http_req_duration{expected_response:true}", "http_req_duration{expected_response:true}"),
        ("my_http_req", "my_***"),
        ("http_reqs{zz-secret:a}", "http_reqs{***:a}"),
    ],
)
def test_secrets_are_masked_in_names_but_for_k6s_own_words(name: str, shown: str) -> None:
    assert mask_metric(name, SECRETS) == shown


@pytest.mark.parametrize(
    ("name", "value", "ordinary"),
    [
        ("STAGE", "staging", True),
        ("BASE_URL", "http://127.0.0.1:8000", True),
        ("BASE_URL", "http://ada:pass@h/", False),
        ("BASE_URL", "http://h/?token=abcdef", False),
        ("PASSWORD", "staging", False),
        ("USER", "ada_1815", False),
    ],
)
def test_plain_words_and_addresses_need_no_mask_unless_their_name_says_secret(
    name: str, value: str, ordinary: bool
) -> None:
    assert is_ordinary(name, value) == ordinary


def _counted(*lines: str) -> dict[str, float]:
    names, record = RecordNames(SECRETS), Record()
    for text in lines:
        shown = names.shown(text)
        assert "zz-secret" not in shown
        record.feed(shown)
    totals = record.totals()
    assert record.damaged == 0 and totals is not None
    return {name: row["count"] for name, row in totals.rows.items()}


def test_figures_stay_with_their_names_when_masking_changes_the_order_of_names() -> None:
    first = {"time": {"type": "gauge"}, "zz-secret_made": {"type": "counter"}, "b": {"type": "counter"}}
    later = {"a{u:zz-secret}": {"type": "counter"}, "zzz": {"type": "counter"}}

    assert _counted(
        line(
            "param",
            {
                "aggregates": AGGREGATES,
                "period": 1000,
                "scenarios": ["zz-secret"],
                "thresholds": {"zz-secret": ["a"]},
            },
        ),
        line("start", [[START_MS]]),
        line("metric", first),
        line("cumulative", [[2, 2], [START_MS + 1000], [7, 7]]),
        line("metric", later),
        line("cumulative", [[1, 1], [3, 3], [START_MS + 2000], [8, 8], [9, 9]]),
        line("threshold", {"zz-secret_made": ["count>1"]}),
    ) == {"a{u:***}": 1, "b": 3, "***_made": 8, "zzz": 9}


@pytest.mark.parametrize(
    "text", ["", "x", '{"event":"metric"', '{"event":"metric","data":[1]}', '{"event":"metric"}', "\x00"]
)
def test_what_is_no_line_of_k6_is_left_as_it_is(text: str) -> None:
    assert RecordNames(SECRETS).shown(text) == text


def test_a_record_without_secrets_in_names_is_left_as_it_is() -> None:
    text = line("metric", {"http_reqs": {"type": "counter"}, "time": {"type": "gauge"}})

    assert json.loads(RecordNames(SECRETS).shown(text)) == json.loads(text)
    figures = line("snapshot", [[1, 1], [START_MS]])
    assert RecordNames(SECRETS).shown(figures) is figures
