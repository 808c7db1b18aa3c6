"""The sentences next to the charts describe what is drawn, and what is not."""

from collections.abc import Mapping

from k6_mcp.models.timeline import Timeline
from k6_mcp.reports.chart_texts import chart_texts
from lab.sample_reports import timeline, view
from lab.sample_runs import metrics, run
from lab.sample_timelines import Second, timeline_of


def _sentences(whole: Timeline) -> Mapping[str, str]:
    return {text.kind: text.sentence for text in chart_texts(view(run(metrics=metrics()), whole))}


def test_requests_without_an_answer_are_told_where_latency_leaves_them_out() -> None:
    lost = timeline(60, outage=(20, 25))
    sentence = _sentences(lost)["latency"]

    assert "the longest answer took" in sentence
    assert f"{sum(lost.unanswered)} requests without an answer left out." in sentence
    assert "the longest request took" in _sentences(timeline())["latency"]


def test_a_run_without_http_requests_is_told_by_its_iterations() -> None:
    whole = timeline_of([Second(requests=0, iterations=24 + i, p50_ms=None) for i in range(3)])

    assert _sentences(whole)["rate"] == "24 to 26 iterations (no HTTP requests) per second."
