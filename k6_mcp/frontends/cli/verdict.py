"""A run as a person reads it: the verdict first, then thresholds with observed values, then figures."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from k6_mcp.answers.run_shape import (
    AnswerBrowser,
    AnswerCheck,
    AnswerEndpoint,
    AnswerFailure,
    AnswerFigures,
    AnswerThreshold,
    RunAnswer,
)
from k6_mcp.frontends.cli.console import below, grid, indented
from k6_mcp.frontends.cli.words import in_commands
from k6_mcp.models.duration import format_duration
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.metrics import ErrorCount, ErrorSample, GrpcStatusCount
from k6_mcp.models.run import Series, Status
from k6_mcp.models.wording import quoted

_MARKS: Mapping[Status, tuple[str, str]] = {
    "completed": ("✓", "bold green"),
    "failed": ("✗", "bold red"),
    "cancelled": ("■", "bold yellow"),
    "lost": ("?", "bold yellow"),
    "running": ("▶", "bold cyan"),
    "queued": ("…", "bold cyan"),
}


def verdict(answer: RunAnswer, kept_in: str = "") -> RenderableType:
    """Return everything a person wants to know about a run; `kept_in` is the folder that stores it."""
    parts: list[RenderableType] = [*_headline(answer), *_failure(answer.failure, answer.run_id)]
    parts += [below(f"! {notice.message}", style="yellow") for notice in answer.warnings]
    parts += _thresholds(answer.thresholds)
    parts += [_figures(answer.figures, answer.browser)] if answer.figures else []
    parts += [
        *_endpoints(answer.endpoints),
        *_errors(answer.errors),
        *_grpc(answer.grpc),
        *_samples(answer.samples),
    ]
    parts += [*_checks(answer.checks), *_series(answer.series)]
    parts += [below(text, style="dim") for text in answer.more]
    kept = all(notice.code != "backup_unavailable" for notice in answer.warnings)
    parts += (
        [below(f"kept in {kept_in}" if kept else f"not kept in {kept_in}, see above", style="dim")]
        if kept_in
        else []
    )
    return Group(*parts)


def status_text(status: Status, kind: FailureKind | None = None) -> Text:
    """Return a status with its mark and, for a failure, its kind."""
    mark, style = _MARKS[status]
    return Text(f"{mark} {status}{f': {kind}' if kind else ''}", style=style)


def count(number: int) -> str:
    """Return a number with narrow blanks between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular for one."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def ms(value: float | None) -> str:
    """Return a latency in ms, rounded to about three digits."""
    if value is None:
        return "-"
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"


def share(value: float | None) -> str:
    """Return a rate from 0 to 1 as percent."""
    return "-" if value is None else f"{value:.2%}"


def _headline(answer: RunAnswer) -> Iterator[RenderableType]:
    line = status_text(answer.status, answer.failure.kind if answer.failure else None)
    line.append(
        "".join(f"  {part}" for part in (answer.run_id, answer.name, answer.test) if part), style="dim"
    )
    yield line
    if answer.failure is None:
        yield below(answer.headline.removeprefix(f"{answer.status}: "))


def _failure(failure: AnswerFailure | None, run_id: str) -> Iterator[RenderableType]:
    if failure is None:
        return
    yield below(failure.message)
    yield from (below(f"│ {line}", style="dim") for line in failure.evidence)
    if failure.also:
        yield below(f"also: {', '.join(failure.also)}")
    yield below(f"next step: {in_commands(failure.hint, run_id)}", style="cyan")


def _thresholds(thresholds: Sequence[AnswerThreshold]) -> Iterator[RenderableType]:
    if not thresholds:
        return
    table = grid("left", "left", "left", "left")
    for threshold in thresholds:
        held = threshold.ok and threshold.has_samples
        mark = Text("✓" if held else "✗" if threshold.has_samples else "?", style="green" if held else "red")
        seen = (
            f"observed {threshold.observed:g}"
            if threshold.observed is not None and threshold.has_samples
            else "no samples"
        )
        table.add_row(mark, threshold.metric, threshold.expression, seen)
    yield below("thresholds", style="bold")
    yield indented(table)


def _figures(figures: AnswerFigures, browser: AnswerBrowser | None) -> RenderableType:
    table = grid("left", "left")
    rows = [row for row in _rows(figures) if row[0] != "requests" or figures.requests or not browser]
    for name, text in [*_browser(browser), *rows]:
        table.add_row(Text(name, style="bold"), text)
    return indented(table)


def _rows(figures: AnswerFigures) -> Iterator[tuple[str, str]]:
    outside = (
        f" ({count(figures.requests_outside_load)} in setup and teardown)"
        if figures.requests_outside_load
        else ""
    )
    requests = f"{count(figures.requests)}{outside}, {figures.requests_per_s:.1f} per s"
    if figures.failed_requests is not None:
        requests += f", {count(figures.failed_requests)} failed ({share(figures.error_rate)})"
    if figures.unanswered_requests:
        requests += f", {count(figures.unanswered_requests)} without an answer"
    yield "requests", requests
    if figures.latency_of:
        yield "latency", _latency(figures)
    lost = (
        ("interrupted", figures.iterations_interrupted),
        ("dropped", figures.iterations_dropped),
        ("threw", figures.iterations_thrown),
    )
    extra = "".join(f", {count(number)} {what}" for what, number in lost if number)
    yield "iterations", f"{count(figures.iterations)}, {figures.iterations_per_s:.1f} per s{extra}"
    if figures.checks_passed is not None or figures.checks_failed is not None:
        yield (
            "checks",
            f"{count(figures.checks_passed or 0)} passed, {count(figures.checks_failed or 0)} failed",
        )
    yield (
        "load",
        f"{format_duration(round(figures.load_s, 1 if figures.load_s >= 1 else 3))}{_vus(figures)}"
        + ("" if figures.exact else ", approximate figures"),
    )


def _vus(figures: AnswerFigures) -> str:
    if not figures.vus_max:
        return ""
    if figures.vus_allocated:
        return f", up to {count(figures.vus_max)} of {counted(figures.vus_allocated, 'VU')} in use"
    return f", up to {counted(figures.vus_max, 'VU')} in use"


def _browser(browser: AnswerBrowser | None) -> Iterator[tuple[str, str]]:
    if browser is None:
        return
    requests = f"{count(browser.requests)}" if browser.requests is not None else "some"
    if browser.failed_requests is not None:
        requests += f", {count(browser.failed_requests)} failed ({share(browser.error_rate)})"
    yield "page requests", requests
    if browser.p95_ms is not None:
        yield "", f"med {ms(browser.med_ms)}  p95 {ms(browser.p95_ms)}  max {ms(browser.max_ms)}"
    if browser.documents:
        yield "pages", ", ".join(f"{count(row.count)}x HTTP {row.status}" for row in browser.documents)
    for vital in browser.web_vitals:
        value = ms(vital.p75_ms) if vital.p75_ms is not None else f"{vital.p75_score:g}"
        unit = " ms" if vital.p75_ms is not None else ""
        limits = f"good up to {vital.good_to:g}{unit}, poor above {vital.poor_above:g}{unit}"
        yield f"{vital.name} p75", f"{value}  {vital.rating} ({limits}: Google's limits for real users)"


def _latency(figures: AnswerFigures) -> str:
    values = (
        ("avg", figures.avg_ms),
        ("med", figures.med_ms),
        ("p90", figures.p90_ms),
        ("p95", figures.p95_ms),
        ("p99", figures.p99_ms),
        ("max", figures.max_ms),
    )
    text = "  ".join(f"{name} {ms(value)}" for name, value in values if value is not None)
    return text if figures.latency_of == "all_requests" else f"{text}  (successful requests only)"


def _series(series: Series | None) -> Iterator[RenderableType]:
    """Yield a table of all repeats; the verdict above it is that of the worst one."""
    if series is None:
        return
    table = grid("left", "left", "right", "right", "right")
    table.add_row("", "", "p95", "errors", "requests/s", style="dim")
    for row in series.runs:
        table.add_row(
            row.run_id,
            status_text(row.status, row.failure),
            ms(row.p95_ms),
            share(row.error_rate),
            _per_s(row.requests_per_s),
        )
    yield below(f"{len(series.runs)} of {counted(series.asked, 'repeat')}", style="bold")
    yield indented(table)


def _per_s(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _errors(errors: Sequence[ErrorCount]) -> Iterator[RenderableType]:
    if not errors:
        return
    table = grid("right", "left")
    for error in errors:
        table.add_row(count(error.count), f"{error.meaning} (error_code {error.code})")
    yield below("failed requests", style="bold")
    yield indented(table)


def _grpc(rows: Sequence[GrpcStatusCount]) -> Iterator[RenderableType]:
    if not rows:
        return
    table = grid("right", "left")
    for row in rows:
        table.add_row(count(row.count), row.name + ("" if row.status is None else f" ({row.status})"))
    yield below("gRPC calls", style="bold")
    yield indented(table)


def _endpoints(endpoints: Sequence[AnswerEndpoint]) -> Iterator[RenderableType]:
    if not endpoints:
        return
    some_failed = any(endpoint.failed for endpoint in endpoints)
    # An empty column would take width from the others.
    table = grid("left", "right", "right", *(("right",) if some_failed else ()))
    for endpoint in endpoints:
        failed = (f"{count(endpoint.failed)} failed" if endpoint.failed else "",) if some_failed else ()
        p95 = f"p95 {ms(endpoint.p95_ms)}" if endpoint.p95_ms is not None else ""
        name = Text(endpoint.name) if endpoint.name is not None else Text("other names", style="dim")
        table.add_row(name, counted(endpoint.requests, "request"), p95, *failed)
    yield below("endpoints", style="bold")
    yield indented(table)


def _samples(samples: Sequence[ErrorSample]) -> Iterator[RenderableType]:
    if samples:
        yield below("what the target answered", style="bold")
    for sample in samples:
        yield below(
            f"  HTTP {sample.status}: {quoted(sample.text) if sample.text else 'without a body'}", style="dim"
        )


def _checks(checks: Sequence[AnswerCheck]) -> Iterator[RenderableType]:
    failed = [check for check in checks if check.fails]
    if not failed:
        return
    table = grid("left", "left", "left")
    for check in failed:
        name = " > ".join(part for part in (*(check.group or "").split("::"), check.name) if part)
        table.add_row(
            Text("✗", style="red"),
            name,
            f"{count(check.fails)} of {count(check.passes + check.fails)} failed",
        )
    yield below("failed checks", style="bold")
    yield indented(table)
