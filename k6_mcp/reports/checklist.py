"""A checklist of function, performance and operation, based only on a run's own evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from k6_mcp.analysis.verdict.iterations import MOST_DROPPED
from k6_mcp.models.failures import FAILURES
from k6_mcp.models.findings import GENERATOR_CPU, Finding, row_of
from k6_mcp.models.metrics import Figures, Metrics
from k6_mcp.models.run import Run
from k6_mcp.models.thresholds import headroom
from k6_mcp.models.wording import count, number, percent
from k6_mcp.reports.key_figures import milliseconds
from k6_mcp.reports.run_view import RunView

State = Literal["met", "not met", "not shown"]
_SATURATED = "generator_saturated"
_WAITED, _STOPPED = "generator_disturbed", "stopped_externally"
_HELD_UP = (_WAITED, "generator_paused", "generator_stood_still")


@dataclass(frozen=True)
class Item:
    """One line: what had to be shown, whether it was, and the evidence."""

    state: State
    what: str
    evidence: str


@dataclass(frozen=True)
class Checklist:
    """The lines of one area."""

    area: str
    items: tuple[Item, ...]


def checklists(view: RunView) -> tuple[Checklist, ...]:
    """Return the areas that the run has evidence for; none if nothing was measured."""
    metrics = view.run.metrics
    if metrics is None or metrics.source == "none":
        return ()
    return (
        Checklist("Function", tuple(_function(metrics))),
        Checklist("Performance", tuple(_performance(view, metrics))),
        Checklist("Operation", tuple(_operation(view, metrics))),
    )


def _item(met: bool | None, what: str, evidence: str) -> Item:
    return Item("not shown" if met is None else "met" if met else "not met", what, evidence)


def _function(metrics: Metrics) -> Iterator[Item]:
    figures = metrics.figures
    if figures.requests:
        lost = figures.unanswered_requests
        yield _item(
            not lost,
            "Every request was answered",
            f"{lost} of {count(figures.requests, 'request')} got no answer",
        )
        failed = figures.failed_requests
        yield _item(
            not failed,
            "No request failed",
            f"{failed} of {figures.requests} failed ({percent(figures.error_rate or 0)})",
        )
    if metrics.checks:
        failed, total = figures.checks_failed, figures.checks_failed + figures.checks_passed
        yield _item(
            not failed,
            "Every check passed",
            f"{failed} of {total} failed, in {count(len(metrics.checks), 'check')}",
        )
    else:
        yield _item(None, "Answers are right in content", "the script has no check")
    if figures.iterations or figures.iterations_thrown:
        thrown = figures.iterations_thrown
        yield _item(
            not thrown, "No iteration threw", f"{thrown} of {count(figures.iterations, 'iteration')} threw"
        )


def _performance(view: RunView, metrics: Metrics) -> Iterator[Item]:
    held = [threshold.ok and threshold.has_samples for threshold in metrics.thresholds]
    if held:
        yield _item(
            all(held), "Every objective was met", f"{sum(held)} of {count(len(held), 'threshold')} held"
        )
        rooms = [(headroom(t.expression, t.observed), t) for t in metrics.thresholds if t.has_samples]
        known = [(room, threshold) for room, threshold in rooms if room is not None]
        if known:
            room, threshold = min(known, key=lambda pair: pair[0])
            yield _item(
                room >= 0.1,
                "Objectives have at least 10 % headroom",
                f"least: {percent_signed(room)}, {threshold.metric}",
            )
    else:
        yield _item(None, "Objectives were met", "none was given (slo or thresholds)")
    yield from _delivery(view.run, metrics.figures)
    if metrics.figures.latency is not None and metrics.figures.latency.p95_ms is not None:
        worst = [f.id for f in view.explanation.findings if f.severity != "info" and _is_of_latency(f)]
        evidence = (
            f"findings: {', '.join(worst[:5])}"
            if worst
            else f"p95 {milliseconds(metrics.figures.latency.p95_ms)}"
        )
        yield _item(not worst, "Nothing striking in latency", evidence)


def _is_of_latency(finding: Finding) -> bool:
    errors = finding.id == "slo_break_point" and finding.evidence[0].metric == "http_req_failed"
    return row_of(finding.id).of_latency and not errors


def _delivery(run: Run, figures: Figures) -> Iterator[Item]:
    expected = run.plan.expected_iterations if run.plan else None
    if expected:
        asked = figures.planned_iterations(expected)
        share = figures.iterations_dropped / asked
        evidence = (
            f"{figures.iterations} of {asked} planned iterations finished, {figures.iterations_dropped}"
            " dropped"
        )
        yield _item(
            share <= MOST_DROPPED and figures.iterations >= (1 - MOST_DROPPED) * asked,
            "The planned load was delivered",
            evidence,
        )


def _operation(view: RunView, metrics: Metrics) -> Iterator[Item]:
    run = view.run
    ended = run.status in ("completed", "failed") and not _ended_early(run)
    yield _item(
        ended,
        "The test ran to its planned end",
        f"status {run.status}{f', {run.failure.kind}' if run.failure else ''}",
    )
    yield from _generator(view, metrics)
    outages = [finding for finding in view.explanation.findings if finding.id == "outage"]
    if view.timeline is not None:
        if outages:
            yield _item(False, "No outage", outages[0].message)
        elif metrics.figures.requests:
            yield _item(True, "No outage", "no such finding")
        yield _item(
            view.timeline.complete,
            "The time series is whole",
            f"{number(view.timeline.seconds, 4)} s recorded",
        )
    yield _item(metrics.exact, "Figures are k6's exact end-of-test summary", f"read from: {metrics.source}")


def _generator(view: RunView, metrics: Metrics) -> Iterator[Item]:
    """Whatever the report itself says against the load generator is not met here."""
    limits = [*_blames_generator(view)]
    used = (
        f"k6 used {percent(metrics.generator.cpu_share)} of {count(metrics.generator.cores, 'core')}"
        if metrics.generator is not None
        else ""
    )
    if used or limits:
        evidence = "; ".join(filter(None, (*limits, used)))
        yield _item(not limits, "The load generator was not the limit", evidence)
    held_up = [*_held_up(view.run)]
    waited_s = metrics.generator.cpu_wait_s if metrics.generator is not None else None
    waited = (
        f"k6 waited {number(waited_s, 2)} s for a CPU, in {count(metrics.figures.requests, 'request')}"
        if waited_s is not None and metrics.figures.requests
        else ""
    )
    if waited or held_up:
        shown = [f"{code} was reported" for code in held_up if code != _WAITED or not waited]
        yield _item(
            not held_up, "The load generator was not held up", "; ".join((*shown, *filter(None, [waited])))
        )


def _blames_generator(view: RunView) -> Iterator[str]:
    for finding in view.explanation.findings:
        if finding.id == _SATURATED or any(one.metric == GENERATOR_CPU for one in finding.evidence):
            yield f"{finding.id} was found"
    yield from (f"{one.code} was reported" for one in view.run.warnings if one.code == "generator_limited")


def _held_up(run: Run) -> Iterator[str]:
    yield from (notice.code for notice in run.warnings if notice.code in _HELD_UP)
    if run.failure is not None and _STOPPED in (run.failure.kind, *run.failure.also):
        yield _STOPPED


def _ended_early(run: Run) -> bool:
    return run.failure is not None and FAILURES[run.failure.kind].ended_early


def percent_signed(share: float) -> str:
    """Return a share as a percentage with its sign.

    Beyond twice the limit it says how many times the limit it is.
    """
    if share < -1:
        return f"{number(1 - share, 2)} times the limit"
    return f"{share * 100:+.0f} %".replace("-", "\u2212")
