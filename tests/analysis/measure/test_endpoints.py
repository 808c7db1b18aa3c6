import json

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.summary import read
from k6_mcp.models.metrics import EndpointFigures, Generator
from lab.sample_runs import TREND_VALUES, ended_well, metric, outcome, record, summary


def _read(**observed: tuple[int, int]) -> tuple[tuple[EndpointFigures, ...], str | None]:
    data = summary()
    for name, (requests, failed) in observed.items():
        values = {**TREND_VALUES, "count": requests, "min": 0 if name == "refused" else 1}
        data["k6-mcp"][f"http_req_duration{{name:{name}}}"] = metric("trend", values)
        data["k6-mcp"][f"http_req_failed{{name:{name}}}"] = metric(
            "rate", {"passes": failed, "fails": requests - failed, "rate": 0.5}
        )
    metrics = read(ended_well(summary=json.dumps(data)), record(), None)
    return metrics.endpoints, metrics.endpoints_note


def test_endpoints_come_with_the_most_requests_first_and_the_rest_summed_up() -> None:
    rows, note = _read(a=(20, 0), b=(70, 7))
    assert [(row.name, row.requests, row.failed, row.p95_ms) for row in rows] == [
        ("b", 70, 7, 35.75),
        ("a", 20, 0, 35.75),
        (None, 10, 3, None),
    ]
    assert (note or "").startswith("10 requests had other names")


def test_endpoints_that_cover_everything_need_no_note() -> None:
    rows, note = _read(a=(30, 10), b=(70, 0))
    assert ([row.name for row in rows], note) == (["b", "a"], None)


def test_requests_that_never_connected_do_not_make_an_endpoint_look_fast() -> None:
    rows, _ = _read(refused=(30, 10), b=(70, 0))
    assert [(row.name, row.p95_ms, row.max_ms) for row in rows] == [
        ("b", 35.75, 40.12345),
        ("refused", None, None),
    ]


def test_endpoints_that_do_not_add_up_are_not_shown() -> None:
    assert _read(a=(101, 0))[0] == ()
    assert _read(a=(50, 50))[0] == ()


def test_secrets_in_a_name_are_masked() -> None:
    [row, _], _ = _read(**{"http://h/?token=abcdef": (50, 0)})
    assert row.name == "http://h/?token=***"


def test_without_a_summary_there_is_no_table_and_the_reason_is_said() -> None:
    metrics = read(outcome(-9), record(), None)
    assert (metrics.endpoints, "no end-of-test summary" in (metrics.endpoints_note or "")) == ((), True)
    assert read(outcome(-9), Record(), None).endpoints_note is None


def test_the_share_of_the_cores_that_k6_used_is_told_where_it_is_known() -> None:
    assert read(outcome(seconds=10, cpu_s=5.0, cores=2), record(), None).generator == Generator(
        cpu_s=5.0, cores=2, cpu_share=0.25
    )
    assert read(outcome(seconds=10, cores=2), record(), None).generator is None
    held_up = read(
        outcome(seconds=10, cpu_s=5.0, cores=2, cpu_wait_s=7.5, steal_s=0.25), record(), None
    ).generator
    assert held_up is not None
    assert (held_up.cpu_wait_s, held_up.steal_s) == (7.5, 0.25)
