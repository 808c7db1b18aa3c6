"""A run in one sentence with the numbers that matter, the same for agents, history and terminal."""

from collections.abc import Iterator

from k6_mcp.models.duration import format_duration
from k6_mcp.models.metrics import BrowserFigures, Figures, LiveFigures, Metrics
from k6_mcp.models.run import Asked, Run
from k6_mcp.models.wording import count, cut, few, number, percent

_LONGEST = 300


def headline(run: Run) -> str:
    """Return the state of `run`: what it measured, why it failed, or how far it is."""
    return cut(_sentence(run), _LONGEST)


def _sentence(run: Run) -> str:
    match run.status:
        case "queued":
            return (
                "queued"
                + (f" at position {run.queue_position}" if run.queue_position else "")
                + ", no traffic yet"
            )
        case "running":
            pages = run.plan is not None and run.plan.browser
            return "running" + (f" {', '.join(_live(run.live, pages))}" if run.live else ", no figures yet")
        case "completed":
            return f"completed: {_measured(run.metrics)}{_thresholds(run.metrics)}"
        case "failed":
            return f"{run.failure.kind}: {run.failure.message}" if run.failure else "failed"
        case "cancelled":
            return f"cancelled: {_measured(run.metrics)} up to then"
        case "lost":
            return f"lost: the server that ran it died; {_measured(run.metrics)} up to then"


def _live(live: LiveFigures, pages: bool) -> Iterator[str]:
    """Yield the parts of a running test's line, also used for progress.

    The order is fixed. Unknown figures are left out, such as the requests of browsers until the end.
    """
    share = f" ({live.percent:.0f} %)" if live.percent is not None else ""
    yield f"{format_duration(round(live.elapsed_s))}{share}"
    yield count(live.vus, "VU")
    yield count(live.iterations, "iteration")
    if pages and not live.requests:
        return
    yield count(live.requests, "request")
    if live.requests_per_s is not None:
        yield f"{number(live.requests_per_s, 3)} req/s"
    if live.p95_ms is not None:
        yield f"p95 {number(live.p95_ms, 3)} ms"
    if live.error_rate is not None:
        yield f"{percent(live.error_rate)} failed"


def _measured(metrics: Metrics | None) -> str:
    if metrics is None or metrics.source == "none":
        return "nothing was measured"
    calls = sum(row.count for row in metrics.grpc)
    grpc = [f"{count(calls, 'gRPC call')} ({few(row.told for row in metrics.grpc)})"] if calls else []
    pages = [*_browser(metrics.browser)] if metrics.browser else []
    if pages and not metrics.figures.requests:
        return ", ".join([*pages, *grpc])
    return ", ".join([*_figures(metrics.figures), *pages, *grpc])


def _browser(pages: BrowserFigures) -> Iterator[str]:
    if not pages.answered:
        yield "no browser request was answered"
        return
    rate = f" at {number(pages.requests_per_s, 3)}/s" if pages.requests_per_s is not None else ""
    yield f"{count(pages.requests, 'page request') if pages.requests is not None else 'page requests'}{rate}"
    if pages.p95_ms is not None:
        yield f"p95 {number(pages.p95_ms, 3)} ms"
    if pages.error_rate is not None:
        yield f"{percent(pages.error_rate)} failed"
    yield from (vital.told for vital in pages.web_vitals[:1])


def _figures(figures: Figures) -> Iterator[str]:
    if not figures.requests:
        yield f"{count(figures.iterations, 'iteration')} at {number(figures.iterations_per_s, 3)}/s"
        yield "no HTTP request"
        return
    yield f"{requests(figures)} at {number(figures.requests_per_s, 3)}/s"
    if figures.latency is not None and figures.latency.p95_ms is not None:
        of = " of the successful ones" if figures.latency.of == "successful_requests" else ""
        yield f"p95 {number(figures.latency.p95_ms, 3)} ms{of}"
    if figures.error_rate is not None:
        yield f"{percent(figures.error_rate)} failed"


def requests(figures: Figures) -> str:
    """Return the count of requests, and how many of them are not in the rate."""
    outside = (
        f" ({figures.requests_outside_load} in setup and teardown)" if figures.requests_outside_load else ""
    )
    return f"{count(figures.requests, 'request')}{outside}"


def _thresholds(metrics: Metrics | None) -> str:
    held = len(metrics.thresholds) if metrics else 0
    if not held:
        return ""
    return "; its threshold held" if held == 1 else f"; all {held} thresholds held"


def subject(asked: Asked, limit: int) -> str:
    """Return what was tested: the request and its load, or the script, cut to `limit` characters."""
    if asked.url:
        return f"{asked.method or 'GET'} {cut(asked.url, limit)} {_load(asked)}"
    return cut(asked.script_file, limit) if asked.script_file else "script"


def _load(asked: Asked) -> str:
    """Return the load in words: the preset's, or the one that replaces it."""
    length = f" for {asked.duration}" if asked.duration else ""
    if asked.stages is not None:
        return count(len(asked.stages), "stage")
    if asked.rate_per_s is not None:
        return f"{number(asked.rate_per_s)} iterations/s{length}"
    if asked.iterations is not None:
        return count(asked.iterations, "iteration")
    if asked.vus is not None:
        return f"{count(asked.vus, 'VU')}{length}"
    return f"preset {asked.preset}{length}"
