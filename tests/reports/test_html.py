import base64
import hashlib
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from k6_mcp.models.findings import Advice
from k6_mcp.models.metrics import CheckResult, EndpointFigures, ErrorSample
from k6_mcp.models.run import Notice
from k6_mcp.reports.html import LARGEST_BYTES, render_comparison_html, render_html
from k6_mcp.reports.run_view import RunView, view_json
from lab.sample_reports import HOSTILE, bare, broken, comparison, hostile, phases, short, timeline
from lab.sample_runs import threshold
from tests.reports.parsed import Element, parse

VIEWS = {"two seconds": short(), "broken": broken(), "an hour": broken(3600), "nothing measured": bare()}


def compared(sentence: str = "p95 rose by 31 %") -> str:
    """The page of a comparison of two runs."""
    before, after = broken(), broken(run_id="r-20260102-fedcba9876543210")
    return render_comparison_html(comparison(before, after, sentence), (before, after))


PAGES = {**{name: render_html(view) for name, view in VIEWS.items()}, "a comparison": compared()}
every_page = pytest.mark.parametrize("html", PAGES.values(), ids=PAGES.keys())


@every_page
def test_headings_descend_one_level_at_a_time_from_one_title(html: str) -> None:
    levels = [int(one.tag[1]) for one in parse(html).within if re.fullmatch(r"h[1-6]", one.tag)]

    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


@every_page
def test_every_table_has_a_caption_and_every_heading_cell_its_scope(html: str) -> None:
    page = parse(html)

    assert all(table.all("caption")[0].text.strip() for table in page.all("table"))
    assert all(cell.attributes.get("scope") in ("col", "row") for cell in page.all("th"))
    assert all(len({width(row) for row in table.all("tr")}) == 1 for table in page.all("table"))


def width(row: Element) -> int:
    """The number of cells in a row."""
    return len(row.all("td")) + len(row.all("th"))


@every_page
def test_landmarks_are_there_and_every_label_and_link_leads_somewhere(html: str) -> None:
    page = parse(html)
    ids = [one.attributes["id"] for one in page.within if "id" in one.attributes]
    pointers = [
        target
        for one in page.within
        for name in ("aria-labelledby", "aria-describedby", "data-describedby")
        for target in one.attributes.get(name, "").split()
    ]

    assert len(ids) == len(set(ids))
    assert set(pointers) <= set(ids)
    assert {link.attributes["href"].removeprefix("#") for link in page.all("a")} <= set(ids)
    assert [len(page.all(tag)) for tag in ("main", "nav", "footer")] == [1, 1, 1]
    assert page.all("html")[0].attributes["lang"] == "en"


@every_page
def test_nothing_is_fetched_and_only_the_bundled_scripts_are_allowed_to_run(html: str) -> None:
    page = parse(html)
    policy = next(one.attributes["content"] for one in page.all("meta") if "http-equiv" in one.attributes)
    scripts = [one for one in page.all("script") if one.attributes.get("type") != "application/json"]
    attributes = {name for one in page.within for name in one.attributes}

    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert len(scripts) == 3 and all(digest(one.text) in policy for one in [*scripts, *page.all("style")])
    assert not attributes & {"src", "style", "srcset", "action", "background"}
    assert not [name for name in attributes if name.startswith("on")]
    assert [one.attributes["href"] for one in page.all("link")] == ["data:,"]
    assert "url(" not in page.all("style")[0].text and "@import" not in page.all("style")[0].text


def digest(text: str) -> str:
    """The digest of an inline element's text, as a Content-Security-Policy has it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_every_chart_stands_in_words_and_as_a_table() -> None:
    figures = parse(PAGES["broken"]).all("figure")

    assert [figure.all("h3")[0].text for figure in figures] == ["Latency", "Rate", "Virtual users", "Errors"]
    assert "p95 ranged from 48 ms to 91.5 ms" in figures[0].text
    assert "The plan called for up to 50 iterations per second" in figures[1].text
    assert "Requests failed from 20s to 27s" in figures[3].text
    assert all(len(figure.all("details")[0].all("tr")) == 61 for figure in figures)


def test_a_run_that_recorded_nothing_says_so_in_place_of_charts() -> None:
    page = parse(PAGES["nothing measured"])

    assert page.all("figure") == []
    assert "Nothing was recorded over time" in page.text
    assert "correct the script" in page.text


def test_thresholds_show_what_was_observed_and_what_is_left() -> None:
    table = next(table for table in parse(PAGES["broken"]).all("table") if "Headroom" in table.text)
    rows = [
        [cell.text.strip() for cell in row.within if cell.tag in ("td", "th")][:5]
        for row in table.all("tr")[1:]
    ]

    assert rows == [
        ["http_req_duration", "p(95)<100", "131 ms", "crossed", "\u221231 %"],
        ["http_req_failed", "rate<0.01", "0.1535", "crossed", "15 times the limit"],
        ["checks{endpoint:basket}", "rate>0.95", "—", "no samples", "—"],
        ["http_req_duration", "p(99)<=400", "220 ms", "held", "+45 %"],
    ]


def test_the_checklist_ticks_only_what_the_evidence_shows() -> None:
    def ticked(html: str) -> dict[str, str]:
        section = next(one for one in parse(html).all("section") if one.attributes.get("id") == "checklist")
        items = [item.all("span") for item in section.all("li")]
        return {spans[1].text.split(" (")[0]: spans[0].text.strip() for spans in items}

    assert ticked(PAGES["two seconds"])["Answers are right in content"] == "· not shown"
    assert ticked(PAGES["two seconds"])["Every objective was met"] == "✓ met"
    assert ticked(PAGES["broken"])["Every objective was met"] == "✗ not met"
    assert ticked(PAGES["broken"])["No outage"] == "✗ not met"
    assert "Checklist" not in PAGES["nothing measured"].replace("checklist", "")


def test_a_models_words_are_shown_as_such() -> None:
    view = broken()
    advice = Advice(state="written", model="a-model", text="the target was away")
    told = replace(view, explanation=view.explanation.model_copy(update={"advice": advice}))

    assert "Written by a-model from the findings below" in parse(render_html(told)).text


def test_an_hour_is_merged_to_what_a_screen_shows_and_says_so() -> None:
    drawn = json.loads(view_json(VIEWS["an hour"]))["charts"]

    assert (drawn["merged"], len(drawn["x_s"])) == (4, 900)
    assert "Each point merges 4 intervals" in parse(PAGES["an hour"]).text
    assert len(PAGES["an hour"].encode()) < 300_000


def test_the_largest_page_stays_below_its_cap_and_says_what_it_left_out() -> None:
    view = flooded("<&\u202e" * 4_000)
    page = render_html(view)

    assert len(page.encode()) <= LARGEST_BYTES
    assert (
        "more thresholds" in page
        and "more checks" in page
        and "characters; the run's folder has all of it" in page
    )
    parse(page)


def flooded(text: str) -> RunView:
    """Return an hour's run with as much of everything as possible.

    All texts are made of characters that take more space when they are escaped.
    """
    view = hostile(text)
    assert view.run.metrics is not None
    more = {
        "thresholds": tuple(threshold(f"p(9{n})<1", metric=f"m{n}{text}", ok=False) for n in range(500)),
        "checks": tuple(CheckResult(group=text, name=f"{n}{text}", passes=0, fails=n) for n in range(500)),
        "endpoints": tuple(EndpointFigures(name=f"{n}{text}", requests=n, failed=n) for n in range(500)),
        "samples": tuple(ErrorSample(name=f"{n}{text}", status=500, text=text) for n in range(50)),
    }
    run = view.run.model_copy(
        update={
            "metrics": view.run.metrics.model_copy(update=more),
            "warnings": tuple(Notice(code=f"{n}", message=text) for n in range(500)),
            "tags": {f"{n}{text}": text for n in range(20)},
        }
    )
    findings = view.explanation.findings * 200
    many = view.explanation.model_copy(update={"findings": findings, "phases": phases() * 50})
    return replace(
        view, run=run, explanation=many, timeline=timeline(3600, outage=(1200, 1300)), script=text * 80
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_element_and_no_attribute(text: str) -> None:
    kinds = {(one.tag, *sorted(one.attributes)) for one in parse(render_html(hostile("harmless"))).within}

    assert {(one.tag, *sorted(one.attributes)) for one in parse(render_html(hostile(text))).within} <= kinds
    assert {one.tag for one in parse(compared(text)).within} == {one.tag for one in parse(compared()).within}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_json_for_scripts_holds_nothing_that_could_end_its_element(text: str) -> None:
    written = view_json(hostile(text))

    assert written.isascii() and not set("<>&\u2028") & set(written)
    assert json.loads(written)["run_id"] == "r-20260101-0123456789abcdef"


def test_text_that_turns_or_hides_is_shown_by_its_code() -> None:
    page = render_html(hostile("\u202egnp.exe\u200b\ud800"))

    assert "⟨202E⟩gnp.exe⟨200B+1⟩" in page
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ud800-\udfff]", page)


def test_a_comparison_shows_each_metric_with_its_interval_and_both_runs() -> None:
    page = parse(PAGES["a comparison"])
    rows = [
        row.text.split("\n")
        for row in next(t for t in page.all("table") if "Interval" in t.text).all("tr")[1:]
    ]

    assert "+24 % to +38 %" in " ".join(rows[0]) and "regressed" in " ".join(rows[0])
    assert "less load" in " ".join(rows[1])
    assert [len(svg.all("circle")) for svg in page.all("svg")] == [1]
    assert "r-20260102-fedcba9876543210" in page.text
    assert [figure.all("h3")[0].text for figure in page.all("figure")] == ["Latency", "Rate", "Errors"]
