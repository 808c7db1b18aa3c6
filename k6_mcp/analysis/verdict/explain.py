"""A verdict in words: what was seen, with its numbers, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence

from k6_mcp.analysis.verdict.crossed import crossing
from k6_mcp.models.failures import FAILURES
from k6_mcp.models.findings import Finding
from k6_mcp.models.headline import headline, requests
from k6_mcp.models.metrics import BrowserFigures, EndpointFigures, Metrics
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.timeline import Phase
from k6_mcp.models.wording import count, cut, few, number, percent, quoted

_MOST_LISTED = 10
# What a finding tells better than the notice or observation of that name.
_TOLD_BY: Mapping[str, str] = {
    "nothing_asserted": "nothing_asserted",
    "generator_limited": "generator_saturated",
    "iterations_dropped": "load_not_delivered",
    "requests_failed": "error_rate_high",
}
_MOST_ADVICE = 3
_HEADLINE_CHARS = 300


def explain(run: Run, findings: Sequence[Finding] = (), phases: Sequence[Phase] = ()) -> Explanation:
    """Return what a run shows; for a running test what it shows so far."""
    return Explanation(
        run_id=run.run_id,
        status=run.status,
        headline=_headline(run, findings),
        failure=run.failure,
        observations=tuple(_observations(run, {finding.id for finding in findings})),
        next_steps=tuple(_next_steps(run, findings)),
        findings=tuple(findings),
        phases=tuple(phases),
    )


def _headline(run: Run, findings: Sequence[Finding]) -> str:
    serious = [finding for finding in findings if finding.severity != "info"]
    if not serious:
        return headline(run)
    told = "; found: " + few((f"{finding.id} ({finding.severity})" for finding in serious), 3)
    return cut(headline(run), _HEADLINE_CHARS - len(told)) + told


def _observations(run: Run, found: set[str]) -> Iterator[str]:
    metrics = run.metrics
    if run.repeat is not None and run.repeat_of is not None:
        asked = f" of {run.asked.repeat}" if run.asked.repeat else ""
        yield (
            f'this is repeat {run.repeat}{asked} alone; get_run with run_id="{run.repeat_of}" tells of all'
            " together"
        )
    if metrics is not None and metrics.source != "none":
        yield from _thresholds(metrics)
        yield from _load(run, metrics)
        yield from _answers(metrics, found)
        yield from _checks(metrics)
    notices = [notice for notice in run.warnings if _TOLD_BY.get(notice.code) not in found]
    for notice in notices[:_MOST_LISTED]:
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


def _load(run: Run, metrics: Metrics) -> Iterator[str]:
    planned, figures = run.plan, metrics.figures
    sent = (
        "" if metrics.of_browsers_alone else f", {requests(figures)} ({number(figures.requests_per_s, 3)}/s)"
    )
    vus = f", at most {count(figures.vus_max, 'VU')} in use" if figures.vus_max else ""
    yield (
        f"load was applied for {number(figures.load_s)} s: {count(figures.iterations, 'iteration')} "
        f"({number(figures.iterations_per_s, 3)}/s){sent}{vus}"
    )
    if (
        planned is not None
        and planned.expected_iterations
        and figures.iterations < planned.expected_iterations
    ):
        yield (
            f"{figures.iterations} of {figures.planned_iterations(planned.expected_iterations)} planned"
            " iterations finished"
        )


def _answers(metrics: Metrics, found: set[str]) -> Iterator[str]:
    figures, latency = metrics.figures, metrics.figures.latency
    if figures.error_rate and "error_rate_high" not in found:
        yield (
            f"{figures.failed_requests} of {figures.requests} requests failed ({percent(figures.error_rate)})"
        )
    if metrics.statuses:
        others = figures.requests - sum(s.count for s in metrics.statuses)
        told = [f"{s.count}x {f'HTTP {s.status}' if s.status else 'no answer'}" for s in metrics.statuses]
        yield "answers: " + few([*told, *((f"{others}x another status",) if others > 0 else ())], 6)
    if metrics.errors:
        yield "errors: " + few((f"{e.count}x error_code {e.code} ({e.meaning})" for e in metrics.errors), 4)
    if metrics.grpc:
        yield "gRPC calls: " + few((row.told for row in metrics.grpc), 6)
    if metrics.browser is not None:
        yield from _pages(metrics.browser)
    if metrics.samples:
        shown = (
            f"HTTP {s.status} {quoted(s.text, 120) if s.text else 'without a body'}" for s in metrics.samples
        )
        yield f"failed answers, as the target gave them: {few(shown, 3, 160)}"
    if len(metrics.endpoints) > 1:
        yield f"endpoints: {few(map(_endpoint, metrics.endpoints), 6, 160)}"
    if latency is not None:
        of = "all requests" if latency.of == "all_requests" else "the successful requests only"
        tail = f", p95 {number(latency.p95_ms)} ms" if latency.p95_ms is not None else ""
        yield (
            f"latency of {of}: median {number(latency.med_ms)} ms{tail}, longest {number(latency.max_ms)} ms"
        )


def _pages(found: BrowserFigures) -> Iterator[str]:
    if found.documents:
        yield "pages: " + few((f"{row.count}x HTTP {row.status}" for row in found.documents), 6)
    if found.requests is not None and found.med_ms is not None:
        tail = f", p95 {number(found.p95_ms)} ms" if found.p95_ms is not None else ""
        yield (
            f"{count(found.requests, 'browser request')} of these pages: median {number(found.med_ms)}"
            f" ms{tail}"
        )
    if found.web_vitals:
        yield "web vitals: " + few((vital.told for vital in found.web_vitals), 6)


def _endpoint(row: EndpointFigures) -> str:
    name = quoted(row.name, 80) if row.name is not None else "other names"
    failed = f" ({row.failed} failed)" if row.failed else ""
    tail = f" p95 {number(row.p95_ms)} ms" if row.p95_ms is not None else ""
    return f"{name} {count(row.requests, 'request')}{failed}{tail}"


def _checks(metrics: Metrics) -> Iterator[str]:
    failed = sorted((check for check in metrics.checks if check.fails), key=lambda check: -check.fails)
    if failed:
        shown = few(
            (f'"{cut(c.name, 60)}" failed {c.fails} of {c.passes + c.fails} times' for c in failed), 5
        )
        yield f"{count(len(failed), 'check')} failed: {shown}"


def _next_steps(run: Run, findings: Sequence[Finding]) -> Iterator[str]:
    if run.status not in FINAL:
        yield (
            f'call get_run with run_id="{run.run_id}" and wait_s=45 until the status is final; stop_run ends'
            " it early"
        )
        return
    if run.failure is not None:
        yield run.failure.hint
    if run.failure is not None and FAILURES[run.failure.kind].of_script:
        yield f'get_run with run_id="{run.run_id}" and detail="script" shows the script that ran'
    elif run.failure is not None or run.warnings:
        yield f'get_run with run_id="{run.run_id}" and detail="log" shows what k6 and the script said'
    if run.status == "lost":
        yield "run the same test again with execute_k6_test"
    advice = [finding.id for finding in findings if _has_advice(run, finding)]
    if advice:
        yield (
            f"follow the recommendation{'s' if len(advice) > 1 else ''} of {few(advice, _MOST_ADVICE)} (in"
            " findings)"
        )
    if run.status == "completed":
        yield from _after_completion(
            {notice.code for notice in run.warnings}, {finding.id for finding in findings}, bool(advice)
        )


def _has_advice(run: Run, finding: Finding) -> bool:
    """Whether a finding's recommendation says what the failure's hint does not."""
    return run.failure is None or (finding.id != run.failure.kind and finding.severity != "info")


def _after_completion(codes: set[str], found: set[str], advised: bool) -> Iterator[str]:
    left = {code for code in codes if _TOLD_BY.get(code) not in found}
    if "nothing_asserted" in left:
        yield (
            'say what is good enough with slo (e.g. {"p95_ms": 500, "error_rate": 0.01}) or thresholds of'
            " execute_k6_test"
        )
    if "generator_limited" in left:
        yield "repeat with less load or on a machine with more cores before trusting latency and rate"
    if "generator_disturbed" in left:
        yield "repeat when nothing else runs on this machine, or from another one, before trusting latency"
    if left & {"requests_failed", "requests_unanswered"}:
        yield (
            'look at what fails before raising the load; slo {"error_rate": 0.01} of execute_k6_test lets a'
            " test fail on it"
        )
    elif "nothing_asserted" not in codes and not advised:
        yield (
            "raise the load step by step (rate_per_s, vus or stages of execute_k6_test) to find where a"
            " threshold breaks"
        )
