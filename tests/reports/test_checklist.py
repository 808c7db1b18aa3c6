"""The checklist ticks what the run's own evidence supports, and says no more than that."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from k6_mcp.analysis.findings import find
from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.models.findings import Evidence, Finding, FindingLimits
from k6_mcp.models.metrics import ErrorCount, Generator, Metrics
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan
from k6_mcp.models.run import Failure, Notice, Run
from k6_mcp.reports.checklist import checklists
from lab.sample_reports import timeline, view
from lab.sample_runs import latency, metrics, outcome, run, threshold
from lab.sample_timelines import Second, closed, open_
from lab.sample_timelines import timeline as seconds_of


def _latency_line(metric: str) -> str:
    broke = Finding(
        id="slo_break_point",
        severity="critical",
        confidence=0.9,
        message="an objective broke",
        evidence=(Evidence(metric=metric, observed=3.0, limit=2.0),),
        recommendation="confirm it",
    )
    lists = checklists(
        view(run(metrics=metrics(latency=latency(p95_ms=20.0))), timeline(), findings=(broke,))
    )
    return next(
        item.state for area in lists for item in area.items if item.what == "Nothing striking in latency"
    )


def test_an_objective_on_errors_that_broke_is_nothing_striking_in_latency() -> None:
    assert _latency_line("http_req_failed") == "met"
    assert _latency_line("http_req_duration") == "not met"


@pytest.mark.parametrize(("codes", "state"), [((), "met"), (("generator_disturbed",), "not met")])
def test_what_k6_waited_for_a_cpu_is_evidence_that_it_was_held_up_or_not(
    codes: Sequence[str], state: str
) -> None:
    generator = Generator(cpu_s=1.0, cores=2, cpu_share=0.2, cpu_wait_s=3.5, steal_s=0.0)
    notices = tuple(Notice(code=code, message="why") for code in codes)
    lists = checklists(
        view(run(metrics=metrics(more={"generator": generator}), warnings=notices), timeline())
    )

    found = [
        item for area in lists for item in area.items if item.what == "The load generator was not held up"
    ]
    assert [(item.state, item.evidence) for item in found] == [
        (state, "k6 waited 3.5 s for a CPU, in 100 requests")
    ]


_DEFAULTS = FindingLimits()
_LIMIT, _HELD = "The load generator was not the limit", "The load generator was not held up"


def _busy(share: float, seconds: float = 30.0) -> Mapping[str, Any]:
    """Return what a run has where k6 used this share of two cores."""
    cpu_s = share * seconds * 2
    return {
        "ended": outcome(seconds=seconds, cpu_s=cpu_s, cores=2),
        "generator": Generator(cpu_s=cpu_s, cores=2, cpu_share=share),
    }


def _lines(
    more: Mapping[str, Any] | None = None,
    plan: Plan | None = None,
    limits: FindingLimits = _DEFAULTS,
    **figures: Any,
) -> tuple[Mapping[str, str], set[str]]:
    """Return the lines about the load generator with their states, and the texts about it.

    The texts are those of findings and warnings of a run that is judged with `limits`.
    """
    facts: dict[str, Any] = {**_busy(0.05), **(more or {})}
    ended: Outcome = facts.pop("ended")
    measured: Metrics = metrics(threshold(), wall_s=30.0, more=facts, **figures)
    verdict = judge(ended, measured, plan, busy_cpu_share=limits.cpu_share)
    judged: Run = run(
        verdict.status, plan=plan, metrics=measured, failure=verdict.failure, warnings=verdict.warnings
    )
    over_time = seconds_of(30, lambda i: Second(p50_ms=400, dropped=20 if i >= 20 else 0))
    findings = find(judged, over_time, limits)
    lists = checklists(view(judged, over_time, findings=findings))
    told = {finding.id for finding in findings} | {notice.code for notice in verdict.warnings}
    lines = {item.what: item.state for area in lists for item in area.items}
    return {what: lines[what] for what in (_LIMIT, _HELD) if what in lines}, told


def test_a_generator_with_room_is_no_limit_and_nothing_says_so() -> None:
    lines, told = _lines(plan=closed())

    assert lines == {_LIMIT: "met"}
    assert not told & {"generator_saturated", "generator_limited"}


_SMALL_POOL: Mapping[str, Any] = {
    **{"plan": open_(30, 50, vus=10), "requests": 800, "iterations": 800},
    **{"iterations_dropped": 200, "vus_allocated": 10},
}


@pytest.mark.parametrize(
    ("facts", "limits", "source"),
    [
        (_SMALL_POOL, {}, "generator_saturated"),
        ({"more": _busy(0.97)}, {}, "generator_saturated"),
        ({"more": _busy(0.97)}, {}, "generator_limited"),
        ({"more": _busy(0.75)}, {"cpu_share": 0.3}, "generator_saturated"),
        ({"more": _busy(0.75)}, {"cpu_share": 0.3}, "generator_limited"),
        ({"more": _busy(0.801, 1.0)}, {}, "generator_limited"),
        (
            {"more": {"errors": (ErrorCount(code=1213, meaning="no files", count=40),)}},
            {},
            "generator_limited",
        ),
    ],
    ids=["pool", "cpu found", "cpu reported", "own limit found", "own limit reported", "barely", "files"],
)
def test_what_a_report_says_against_the_load_generator_is_not_met_in_its_checklist(
    facts: Mapping[str, Any], limits: Mapping[str, Any], source: str
) -> None:
    given: dict[str, Any] = {"plan": closed(), **facts}
    lines, told = _lines(limits=FindingLimits(**limits), **given)

    assert source in told
    assert lines[_LIMIT] == "not met"


def test_below_a_limit_of_ones_own_a_busy_generator_is_nowhere_a_limit() -> None:
    lines, told = _lines(_busy(0.85), closed(), FindingLimits(cpu_share=0.9))

    assert lines == {_LIMIT: "met"}
    assert not told & {"generator_saturated", "generator_limited"}


def test_iterations_dropped_for_want_of_cpu_blame_the_generator_whatever_else_is_found() -> None:
    dropped = Finding(
        id="load_not_delivered",
        severity="critical",
        confidence=0.9,
        message="k6 itself had no CPU left",
        evidence=(Evidence(metric="generator_cpu", observed=0.81, limit=0.8),),
        recommendation="ask for less",
    )
    busy = run(metrics=metrics(more={"generator": _busy(0.81)["generator"]}))
    lists = checklists(view(busy, timeline(), findings=(dropped,)))

    found = next(item for area in lists for item in area.items if item.what == _LIMIT)
    assert (found.state, found.evidence) == (
        "not met",
        "load_not_delivered was found; k6 used 81 % of 2 cores",
    )


@pytest.mark.parametrize("code", ["generator_paused", "generator_stood_still"])
def test_a_generator_that_stood_still_was_held_up(code: str) -> None:
    generator = Generator(cpu_s=1.0, cores=2, cpu_share=0.2, cpu_wait_s=0.0, steal_s=0.0)
    still = run(metrics=metrics(more={"generator": generator}), warnings=(Notice(code=code, message="why"),))
    lists = checklists(view(still, timeline()))

    found = next(item for area in lists for item in area.items if item.what == _HELD)
    assert (found.state, found.evidence) == (
        "not met",
        f"{code} was reported; k6 waited 0 s for a CPU, in 100 requests",
    )


def test_a_run_that_was_stopped_from_outside_was_held_up() -> None:
    stopped = Failure(kind="stopped_externally", message="stopped for 4 of 20 s", hint="find out why")
    lists = checklists(view(run("failed", metrics=metrics(), failure=stopped), timeline()))

    assert [item.state for area in lists for item in area.items if item.what == _HELD] == ["not met"]
