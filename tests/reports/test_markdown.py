"""Reports for pull requests, read by a Markdown parser.

They show what matters, stay small, and quote the text of others.
"""

import re
from collections.abc import Iterator
from typing import cast

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from k6_mcp.models.comparison import Comparison, Difference, MetricChange
from k6_mcp.models.metrics import EndpointFigures
from k6_mcp.reports.comparison_markdown import comparison_markdown
from k6_mcp.reports.markdown import run_markdown
from k6_mcp.reports.markdown_text import LONGEST_BYTES, code
from k6_mcp.reports.run_view import RunView
from lab.sample_reports import HOSTILE, bare, broken, hostile, short, view
from lab.sample_runs import metrics, run

NASTY = (
    *HOSTILE,
    "@octocat and @org/team",
    "#1, GH-1, !2, owner/repo#3, 0123456789abcdef0123456789abcdef01234567",
    "https://evil.example/ www.evil.example mail@evil.example",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example>",
    "`a` ``b`` ``` c | d \\| e \\",
    "</details>\n# heading\n\n- list\n\n    code | cell",
    "```",
    "`",
    "|",
    "*bold* _it_ ~~gone~~ <b>b</b> &lt; &#64;x",
)
_OWN_HTML = re.compile(r"<summary>[A-Za-z ]+</summary>|</?details>|\n")


def tokens(text: bytes) -> Iterator[Token]:
    """Every token of a document, those of its lines too, as GitHub's dialect reads it."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for token in parser.parse(text.decode()):
        yield token
        yield from token.children or ()


def plain_text(text: bytes) -> str:
    """What a document says outside of code."""
    return " ".join(token.content for token in tokens(text) if token.type == "text")


def html_of(text: bytes) -> str:
    """The HTML in a document without what we write ourselves: nothing may be left."""
    return "".join(
        _OWN_HTML.sub("", token.content)
        for token in tokens(text)
        if token.type in ("html_block", "html_inline")
    )


def cells(text: bytes, heading: str) -> list[list[str]]:
    """The rows of the table below a heading."""
    rows: list[list[str]] = []
    found = inside = False
    for token in MarkdownIt("commonmark").enable("table").parse(text.decode()):
        found = found or (token.type == "inline" and token.content == heading)
        inside = inside or (found and token.type == "table_open")
        if inside and token.type == "tr_open":
            rows.append([])
        if inside and token.type == "inline":
            rows[-1].append("".join(child.content for child in cast("list[Token]", token.children)))
        if inside and token.type == "table_close":
            break
    return rows


def test_the_verdict_and_the_cause_come_first() -> None:
    lines = run_markdown(broken()).decode().splitlines()

    assert lines[0].startswith("## ❌ Load test failed: ")
    assert lines[2] == code(broken().title)
    assert lines[4] == code(broken().explanation.headline)


def test_thresholds_are_listed_with_what_was_observed_and_what_is_left() -> None:
    head, *rows = cells(run_markdown(short()), "Thresholds")

    assert head == ["", "Threshold", "Observed", "Headroom"]
    assert rows == [["✅", "http_req_duration p(95)<500", "35.75", "+92.8 %"]]


def test_figures_phases_endpoints_and_findings_each_have_their_place() -> None:
    told = run_markdown(broken())

    assert [row[0] for row in cells(told, "Key figures")][1:3] == ["Requests", "Rate"]
    assert len(cells(told, "Phases")) == 1 + len(broken().explanation.phases)
    assert [row[0] for row in cells(told, "Endpoints")][1:] == [
        endpoint.name or "all others" for endpoint in broken().endpoints
    ]
    assert all(finding.id in told.decode() for finding in broken().explanation.findings)


@pytest.mark.parametrize(
    "shown", [bare(), view(run("queued"), None), view(run("lost"), None), view(run("cancelled"), None)]
)
def test_a_run_without_figures_is_told_in_a_few_lines(shown: RunView) -> None:
    told = run_markdown(shown)

    assert f"Load test {shown.run.status}" in told.decode()
    assert cells(told, "Thresholds") == []


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_what_others_chose_stands_in_code_only(text: str) -> None:
    told = run_markdown(hostile(text))

    assert not {"link_open", "image", "s_open", "em_open"} & {token.type for token in tokens(told)}
    assert html_of(told) == ""
    assert not re.search(r"[@#]\w|www\.|https?:|evil|octocat|pwned|javascript|heading|WWW", plain_text(told))
    assert len(told) <= LONGEST_BYTES


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_cell_holds_its_whole_text_and_no_more_cells_than_columns(text: str) -> None:
    _, row = cells(run_markdown(hostile(text)), "Endpoints")

    assert len(row) == 6
    assert row[1:3] == ["3", "100 %"]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_code_span_is_one_span_and_nothing_else(text: str) -> None:
    (paragraph,) = [token for token in MarkdownIt().parse(code(text)) if token.type == "inline"]

    assert [child.type for child in cast("list[Token]", paragraph.children)] == ["code_inline"]


def test_a_report_with_thousands_of_long_names_fits_into_a_comment() -> None:
    many = tuple(EndpointFigures(name=f"{i} " + "ü" * 400, requests=1, failed=0) for i in range(5000))
    told = run_markdown(view(run(metrics=metrics(more={"endpoints": many})), None))

    assert len(told) <= LONGEST_BYTES
    assert "more\n" in told.decode()


def test_a_comparison_says_the_sentence_then_every_metric_then_what_differs() -> None:
    change = MetricChange(
        metric="p95_ms",
        unit="ms",
        change="regressed",
        baseline=100,
        candidate=140,
        effect=0.4,
        effect_low=0.3,
        effect_high=0.5,
    )
    unknown = MetricChange(
        metric="@error_rate", unit="share", change="not_comparable", reason="<b>too few</b>"
    )
    told = comparison_markdown(
        Comparison(
            baseline=("r-1",),
            candidate=("r-2",),
            change="regressed",
            sentence="p95 is 40 % higher",
            metrics=(change, unknown),
            differences=(Difference(what="k6", baseline="1.1.0", candidate="2.2.0", blocking=False),),
        )
    )

    _, first, second = cells(told, "Metrics")
    assert first == ["p95_ms", "100 ms", "140 ms", "+40 %", "+30 % to +50 %", "🔴 regressed"]
    assert second == ["@error_rate", "—", "—", "—", "—", "⚪ not comparable <b>too few</b>"]
    assert cells(told, "What differs")[1] == ["", "k6", "1.1.0", "2.2.0"]
    assert html_of(told) == ""
    assert "@" not in plain_text(told)
