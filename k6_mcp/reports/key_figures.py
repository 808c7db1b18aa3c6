"""The key figures of a run, in the order in which readers look for them."""

from collections.abc import Iterator

from k6_mcp.models.base import Model
from k6_mcp.models.duration import format_duration
from k6_mcp.models.metrics import BrowserFigures, Figures, Latency
from k6_mcp.models.run import Run
from k6_mcp.models.wording import count, number, percent


class KeyFigure(Model):
    """A figure with its unit.

    `note` gives the context, `tone` says whether the figure is bad news.
    """

    label: str
    value: str
    unit: str = ""
    note: str = ""
    tone: str = ""


def milliseconds(value: float | None) -> str:
    """Return a time in ms for reading: `0.42 ms`, `384 ms`, `5.02 s`; a dash for None."""
    if value is None:
        return "—"
    return (
        f"{number(value / 1000, 3)} s" if value >= 10_000 else f"{number(value, 3 if value < 1000 else 4)} ms"
    )


def key_figures(run: Run) -> tuple[KeyFigure, ...]:
    """Return the figures that answer the first questions.

    How much, how fast, how many failed, and by how many users.
    """
    metrics = run.metrics
    if metrics is None or metrics.source == "none":
        return tuple(_live(run))
    return (*(_browser(metrics.browser) if metrics.browser else ()), *_figures(metrics.figures))


def _figures(figures: Figures) -> Iterator[KeyFigure]:
    if figures.requests:
        yield KeyFigure(label="Requests", value=grouped(figures.requests), note=_requests_note(figures))
        yield KeyFigure(
            label="Rate", value=number(figures.requests_per_s, 3), unit="req/s", note=_over(figures)
        )
        yield _errors(figures)
    if figures.latency is not None:
        yield from _latency(figures.latency)
    note = f"{number(figures.iterations_per_s, 3)}/s"
    lost = [(figures.iterations_dropped, "dropped"), (figures.iterations_thrown, "threw")]
    extra = ", ".join(f"{grouped(amount)} {word}" for amount, word in lost if amount)
    yield KeyFigure(
        label="Iterations",
        value=grouped(figures.iterations),
        note=", ".join(filter(None, (note, extra))),
        tone="bad" if extra else "",
    )
    if figures.vus_max is not None:
        made = figures.vus_allocated
        note = f"peak in use, {grouped(made)} allocated" if made and made > figures.vus_max else "peak in use"
        yield KeyFigure(label="VUs", value=grouped(figures.vus_max), note=note)
    if figures.checks_passed + figures.checks_failed:
        yield _checks(figures)
    if figures.data_received_bytes:
        note = f"sent {data(figures.data_sent_bytes)}"
        yield KeyFigure(label="Received", value=data(figures.data_received_bytes), note=note)


def _browser(figures: BrowserFigures) -> Iterator[KeyFigure]:
    """Yield the browsers' requests and their pages' web vitals."""
    if figures.requests is not None:
        yield KeyFigure(
            label="Page requests",
            value=grouped(figures.requests),
            note="from browsers, including images and scripts",
        )
    if figures.error_rate is not None:
        failed = (
            f"{grouped(figures.failed_requests)} from browsers" if figures.failed_requests is not None else ""
        )
        tone = "bad" if figures.error_rate else ""
        share = percent(figures.error_rate).removesuffix(" %")
        yield KeyFigure(label="Page requests failed", value=share, unit="%", note=failed, tone=tone)
    if figures.p95_ms is not None:
        yield _time("Page requests p95", figures.p95_ms, f"longest {milliseconds(figures.max_ms)}")
    for vital in figures.web_vitals:
        unit = "ms" if vital.p75_ms is not None else ""
        note = (
            f"{vital.rating}: good up to {number(vital.good_to)}, poor above {number(vital.poor_above)}"
            f" {unit}".strip()
        )
        shown = _time("", vital.p75_ms, "") if vital.p75_ms is not None else None
        yield KeyFigure(
            label=f"{vital.name} p75",
            value=shown.value if shown else number(vital.p75_score or 0.0, 3),
            unit=shown.unit if shown else "",
            note=f"{note} (Google's limits for real users)",
            tone="bad" if vital.rating == "poor" else "",
        )


def _requests_note(figures: Figures) -> str:
    outside = figures.requests_outside_load
    return f"{grouped(outside)} in setup and teardown" if outside else ""


def _over(figures: Figures) -> str:
    return f"over {format_duration(round(figures.load_s, 1 if figures.load_s >= 1 else 3))} of load"


def _errors(figures: Figures) -> KeyFigure:
    if figures.error_rate is None:
        return KeyFigure(label="Failed", value="—")
    unanswered = (
        f", {grouped(figures.unanswered_requests)} without an answer" if figures.unanswered_requests else ""
    )
    return KeyFigure(
        label="Failed",
        value=percent(figures.error_rate).removesuffix(" %"),
        unit="%",
        note=f"{count(figures.failed_requests, 'request')}{unanswered}",
        tone="bad" if figures.failed_requests else "",
    )


def _latency(latency: Latency) -> Iterator[KeyFigure]:
    of = "" if latency.of == "all_requests" else "of successful requests"
    yield _time("p95", latency.p95_ms, of or f"p90 {milliseconds(latency.p90_ms)}")
    yield _time("p99", latency.p99_ms, f"longest {milliseconds(latency.max_ms)}")
    yield _time("Median", latency.med_ms, f"average {milliseconds(latency.avg_ms)}")


def _time(label: str, value: float | None, note: str) -> KeyFigure:
    amount, _, unit = milliseconds(value).partition(" ")
    return KeyFigure(label=label, value=amount, unit=unit, note=note)


def _checks(figures: Figures) -> KeyFigure:
    total = figures.checks_passed + figures.checks_failed
    share = percent(figures.checks_passed / total).removesuffix(" %")
    failed = (
        f"{grouped(figures.checks_failed)} of {grouped(total)} failed"
        if figures.checks_failed
        else f"all {grouped(total)}"
    )
    return KeyFigure(
        label="Checks passed", value=share, unit="%", note=failed, tone="bad" if figures.checks_failed else ""
    )


def _live(run: Run) -> Iterator[KeyFigure]:
    live = run.live
    if live is None:
        return
    yield KeyFigure(label="Elapsed", value=format_duration(round(live.elapsed_s)), note=_done(live.percent))
    yield KeyFigure(label="Requests", value=grouped(live.requests))
    if live.requests_per_s is not None:
        yield KeyFigure(label="Rate", value=number(live.requests_per_s, 3), unit="req/s", note="last second")
    if live.error_rate is not None:
        tone = "bad" if live.error_rate else ""
        yield KeyFigure(
            label="Failed", value=percent(live.error_rate).removesuffix(" %"), unit="%", tone=tone
        )
    if live.p95_ms is not None:
        yield _time("p95", live.p95_ms, "last second")
    yield KeyFigure(label="Iterations", value=grouped(live.iterations))
    yield KeyFigure(label="VUs", value=grouped(live.vus))


def _done(share: float | None) -> str:
    return f"{share:.0f} % of the plan" if share is not None else ""


def grouped(value: int) -> str:
    """Return a count with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def data(size: float) -> str:
    """Return bytes for reading, in powers of 1000 as k6 prints them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{number(size, 3)} {unit}"
        size /= 1000
    return f"{number(size, 3)} TB"
