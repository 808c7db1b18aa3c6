"""A verdict in words: what was seen, with its numbers, and what to do next."""

from collections.abc import Iterator

from k6_mcp.analysis.causes import crossing
from k6_mcp.models.headline import headline, requests
from k6_mcp.models.metrics import Figures, Metrics
from k6_mcp.models.reports import Explanation
from k6_mcp.models.run import FINAL, FailureKind, Run
from k6_mcp.models.wording import count, cut, few, number, percent

_MOST_LISTED = 10
_SCRIPT_AT_FAULT: tuple[FailureKind, ...] = ("script_error", "invalid_config")


def explain(run: Run) -> Explanation:
    """Return what a run shows; for a running test what it shows so far."""
    return Explanation(
        run_id=run.run_id,
        status=run.status,
        headline=headline(run),
        failure=run.failure,
        observations=tuple(_observations(run)),
        next_steps=tuple(_next_steps(run)),
    )


def _observations(run: Run) -> Iterator[str]:
    metrics = run.metrics
    if metrics is not None and metrics.source != "none":
        yield from _thresholds(metrics)
        yield from _load(run, metrics.figures)
        yield from _answers(metrics)
        yield from _checks(metrics)
    for notice in run.warnings[:_MOST_LISTED]:
        yield cut(f"{notice.code}: {notice.message}", 400)


def _thresholds(metrics: Metrics) -> Iterator[str]:
    groups = {
        "crossed": [t for t in metrics.thresholds if not t.ok],
        "without samples": [t for t in metrics.thresholds if t.ok and not t.has_samples],
        "held": [t for t in metrics.thresholds if t.ok and t.has_samples],
    }
    for word, thresholds in groups.items():
        if thresholds:
            yield f"{count(len(thresholds), 'threshold')} {word}: {few(map(crossing, thresholds), 5, 160)}"


def _load(run: Run, figures: Figures) -> Iterator[str]:
    planned = run.plan
    vus = f", at most {count(figures.vus_max, 'VU')}" if figures.vus_max else ""
    yield (
        f"load was applied for {number(figures.load_s)} s: {count(figures.iterations, 'iteration')} "
        f"({number(figures.iterations_per_s, 3)}/s), {requests(figures)} ({number(figures.requests_per_s, 3)}/s){vus}"
    )
    if planned is not None and planned.expected_iterations and figures.iterations < planned.expected_iterations:
        yield f"{figures.iterations} of {planned.expected_iterations} planned iterations finished"


def _answers(metrics: Metrics) -> Iterator[str]:
    figures, latency = metrics.figures, metrics.figures.latency
    if figures.error_rate:
        yield f"{figures.failed_requests} of {figures.requests} requests failed ({percent(figures.error_rate)})"
    if metrics.statuses:
        yield "answers: " + few((f"{s.count}x {f'HTTP {s.status}' if s.status else 'no answer'}" for s in metrics.statuses), 6)
    if metrics.errors:
        yield "errors: " + few((f"{e.count}x error_code {e.code} ({e.meaning})" for e in metrics.errors), 4)
    if latency is not None:
        of = "all requests" if latency.of == "all_requests" else "the successful requests only"
        tail = f", p95 {number(latency.p95_ms)} ms" if latency.p95_ms is not None else ""
        yield f"latency of {of}: median {number(latency.med_ms)} ms{tail}, longest {number(latency.max_ms)} ms"


def _checks(metrics: Metrics) -> Iterator[str]:
    failed = sorted((check for check in metrics.checks if check.fails), key=lambda check: -check.fails)
    if failed:
        shown = few((f'"{cut(c.name, 60)}" failed {c.fails} of {c.passes + c.fails} times' for c in failed), 5)
        yield f"{count(len(failed), 'check')} failed: {shown}"


def _next_steps(run: Run) -> Iterator[str]:
    if run.status not in FINAL:
        yield f'call get_run with run_id="{run.run_id}" and wait_s=45 until the status is final; stop_run ends it early'
        return
    if run.failure is not None:
        yield run.failure.hint
    if run.failure is not None and run.failure.kind in _SCRIPT_AT_FAULT:
        yield f'get_run with run_id="{run.run_id}" and detail="script" shows the script that ran'
    elif run.failure is not None or run.warnings:
        yield f'get_run with run_id="{run.run_id}" and detail="log" shows what k6 and the script said'
    if run.status == "lost":
        yield "run the same test again with execute_k6_test"
    if run.status == "completed":
        codes = {notice.code for notice in run.warnings}
        if "nothing_asserted" in codes:
            yield 'say what is good enough with slo (e.g. {"p95_ms": 500, "error_rate": 0.01}) or thresholds of execute_k6_test'
        if "generator_limited" in codes:
            yield "repeat with less load or on a machine with more cores before trusting latency and rate"
        if codes & {"requests_failed", "requests_unanswered"}:
            yield 'look at what fails before raising the load; slo {"error_rate": 0.01} of execute_k6_test lets a test fail on it'
        elif "nothing_asserted" not in codes:
            yield "raise the load step by step (rate_per_s, vus or stages of execute_k6_test) to find where a threshold breaks"
