"""A run as agents and programs read it: compact and rounded for reading, within the budget of an answer."""

from collections.abc import Iterator
from typing import NamedTuple

from k6_mcp.answers.budget import first_fitting
from k6_mcp.answers.run_shape import (
    AnswerBrowser,
    AnswerCheck,
    AnswerEndpoint,
    AnswerFailure,
    AnswerFigures,
    AnswerThreshold,
    AnswerWebVital,
    RunAnswer,
)
from k6_mcp.models.headline import headline, subject
from k6_mcp.models.metrics import (
    BrowserFigures,
    CheckResult,
    ErrorSample,
    LiveFigures,
    Metrics,
    ThresholdResult,
)
from k6_mcp.models.run import FINAL, Failure, Notice, Run
from k6_mcp.models.wording import cut

__all__ = ["RunAnswer", "headline", "run_answer"]

_MOST_ENDPOINTS = 8
_MOST_SAMPLES = 3
_SAMPLE_CHARS = 200
_RESOURCES = ("summary", "metrics", "timeline", "log", "script")


class _Size(NamedTuple):
    """How much of each part is shown, and how long its texts may be."""

    rows: int
    warnings: int
    evidence: int
    text: int
    name: int


_SIZES = (
    _Size(rows=20, warnings=8, evidence=8, text=500, name=120),
    _Size(rows=10, warnings=6, evidence=4, text=300, name=80),
    _Size(rows=5, warnings=4, evidence=3, text=160, name=48),
    _Size(rows=3, warnings=2, evidence=1, text=80, name=24),
    _Size(rows=0, warnings=0, evidence=0, text=80, name=24),
)


def run_answer(run: Run) -> RunAnswer:
    """Return `run` as an answer within the budget, usually of 1.5 to 4 KB."""
    return first_fitting(_answer(run, size) for size in _SIZES)


def _answer(run: Run, size: _Size) -> RunAnswer:
    metrics = run.metrics if run.metrics and run.metrics.source != "none" else None
    return RunAnswer(
        run_id=run.run_id,
        status=run.status,
        headline=cut(headline(run), max(size.text, 120)),
        name=cut(run.name, size.name) if run.name else None,
        test=subject(run.asked, size.name),
        failure=_failure(run.failure, size) if run.failure else None,
        figures=_figures(metrics) if metrics else None,
        thresholds=tuple(_thresholds(metrics, size)) if metrics else (),
        statuses=metrics.statuses[: size.rows] if metrics else (),
        errors=metrics.errors[: size.rows] if metrics else (),
        grpc=metrics.grpc[: size.rows] if metrics else (),
        browser=_browser(metrics.browser, size) if metrics and metrics.browser else None,
        checks=tuple(_checks(metrics, size)) if metrics else (),
        endpoints=tuple(_endpoints(metrics, size)) if metrics else (),
        samples=tuple(_samples(metrics, size)) if metrics else (),
        warnings=tuple(
            Notice(code=cut(w.code, 40), message=cut(w.message, size.text))
            for w in run.warnings[: size.warnings]
        ),
        series=run.series,
        live=_live(run.live) if run.live else None,
        queue_position=run.queue_position,
        more=tuple(_more(run, metrics, size)),
        next=_next(run),
        resources=(
            tuple(f"k6://runs/{run.run_id}/{part}" for part in _RESOURCES) if run.status in FINAL else ()
        ),
    )


def _failure(failure: Failure, size: _Size) -> AnswerFailure:
    return AnswerFailure(
        kind=failure.kind,
        message=cut(failure.message, size.text),
        hint=cut(failure.hint, max(size.text, 160)),
        evidence=tuple(cut(line, size.text) for line in failure.evidence[: size.evidence]),
        also=failure.also,
    )


def _figures(metrics: Metrics) -> AnswerFigures:
    figures, latency = metrics.figures, metrics.figures.latency
    return AnswerFigures(
        load_s=_rounded(figures.load_s),
        requests=figures.requests,
        requests_outside_load=figures.requests_outside_load or None,
        requests_per_s=_rounded(figures.requests_per_s),
        failed_requests=figures.failed_requests if figures.requests else None,
        error_rate=_known(figures.error_rate),
        unanswered_requests=figures.unanswered_requests or None,
        latency_of=latency.of if latency else None,
        avg_ms=_known(latency.avg_ms) if latency else None,
        med_ms=_known(latency.med_ms) if latency else None,
        p90_ms=_known(latency.p90_ms) if latency else None,
        p95_ms=_known(latency.p95_ms) if latency else None,
        p99_ms=_known(latency.p99_ms) if latency else None,
        max_ms=_known(latency.max_ms) if latency else None,
        iterations=figures.iterations,
        iterations_per_s=_rounded(figures.iterations_per_s),
        iterations_thrown=figures.iterations_thrown or None,
        iterations_dropped=figures.iterations_dropped or None,
        iterations_interrupted=figures.iterations_interrupted or None,
        vus_max=figures.vus_max,
        vus_allocated=figures.vus_allocated if figures.vus_allocated != figures.vus_max else None,
        data_received_bytes=figures.data_received_bytes or None,
        data_sent_bytes=figures.data_sent_bytes or None,
        checks_passed=figures.checks_passed if metrics.checks else None,
        checks_failed=figures.checks_failed if metrics.checks else None,
        exact=metrics.exact,
    )


def _browser(found: BrowserFigures, size: _Size) -> AnswerBrowser:
    return AnswerBrowser(
        requests=found.requests,
        failed_requests=found.failed_requests,
        error_rate=_known(found.error_rate),
        med_ms=_known(found.med_ms),
        p95_ms=_known(found.p95_ms),
        max_ms=_known(found.max_ms),
        data_received_bytes=found.data_received_bytes or None,
        documents=found.documents[: size.rows],
        web_vitals=tuple(
            AnswerWebVital(
                name=vital.name,
                p75_ms=_known(vital.p75_ms),
                p75_score=_known(vital.p75_score),
                rating=vital.rating,
                good_to=vital.good_to,
                poor_above=vital.poor_above,
            )
            for vital in found.web_vitals
        ),
    )


def _thresholds(metrics: Metrics, size: _Size) -> Iterator[AnswerThreshold]:
    for threshold in sorted(metrics.thresholds, key=_urgency)[: size.rows]:
        yield AnswerThreshold(
            metric=cut(threshold.metric, size.name),
            expression=cut(threshold.expression, size.name),
            ok=threshold.ok and threshold.has_samples,
            observed=_known(threshold.observed),
            has_samples=threshold.has_samples,
        )


def _urgency(threshold: ThresholdResult) -> int:
    return 0 if not threshold.ok else 1 if not threshold.has_samples else 2


def _checks(metrics: Metrics, size: _Size) -> Iterator[AnswerCheck]:
    for check in sorted(metrics.checks, key=_failed_first)[: size.rows]:
        group = cut(check.group, size.name) or None
        yield AnswerCheck(
            name=cut(check.name, size.name), group=group, passes=check.passes, fails=check.fails
        )


def _endpoints(metrics: Metrics, size: _Size) -> Iterator[AnswerEndpoint]:
    # A single endpoint has the figures of the whole run
    if len(metrics.endpoints) < 2:
        return
    for row in metrics.endpoints[: _most_endpoints(size)]:
        name = cut(row.name, size.name) if row.name is not None else None
        yield AnswerEndpoint(name=name, requests=row.requests, failed=row.failed, p95_ms=_known(row.p95_ms))


def _most_endpoints(size: _Size) -> int:
    return min(size.rows, _MOST_ENDPOINTS)


def _samples(metrics: Metrics, size: _Size) -> Iterator[ErrorSample]:
    for sample in metrics.samples[: min(size.evidence, _MOST_SAMPLES)]:
        yield ErrorSample(
            name=cut(sample.name, size.name),
            status=sample.status,
            text=cut(sample.text, min(size.text, _SAMPLE_CHARS)),
        )


def _failed_first(check: CheckResult) -> int:
    return -check.fails


def _live(live: LiveFigures) -> LiveFigures:
    rounded = {
        name: _known(getattr(live, name))
        for name in ("elapsed_s", "percent", "requests_per_s", "p95_ms", "error_rate")
    }
    return live.changed(**rounded)


def _more(run: Run, metrics: Metrics | None, size: _Size) -> Iterator[str]:
    lists = (
        ("thresholds", len(metrics.thresholds) if metrics else 0, size.rows),
        ("statuses", len(metrics.statuses) if metrics else 0, size.rows),
        ("errors", len(metrics.errors) if metrics else 0, size.rows),
        ("gRPC statuses", len(metrics.grpc) if metrics else 0, size.rows),
        ("checks", len(metrics.checks) if metrics else 0, size.rows),
        ("endpoints", len(metrics.endpoints) if metrics else 0, max(_most_endpoints(size), 1)),
        ("warnings", len(run.warnings), size.warnings),
    )
    for name, length, shown in lists:
        if length > shown:
            yield f"… and {length - shown} more {name}"


def _next(run: Run) -> str | None:
    if run.status not in FINAL:
        return (
            f'get_run with run_id="{run.run_id}" and wait_s=45, again until the status is final; stop_run'
            " ends it early"
        )
    if run.failure is not None:
        return (
            f'analyze_run with run_id="{run.run_id}" explains the failure; get_run with detail="log" has'
            " the log"
        )
    # There is nothing to look at
    if run.status == "lost" or (run.status == "cancelled" and run.started_at is None):
        return "execute_k6_test with the same arguments"
    return f'get_run with run_id="{run.run_id}" and detail="full" has every metric'


def _rounded(value: float) -> float:
    """Five significant digits: enough to compare, short to read; whole numbers stay whole."""
    return value if value == int(value) else float(f"{value:.5g}")


def _known(value: float | None) -> float | None:
    return None if value is None else _rounded(value)
