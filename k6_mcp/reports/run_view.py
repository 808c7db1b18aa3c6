"""What a reader of one run needs, in plain numbers.

This is the input of every report, and the JSON that pages draw from.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from math import inf

from k6_mcp.models.base import Model
from k6_mcp.models.findings import row_of
from k6_mcp.models.headline import subject
from k6_mcp.models.metrics import EndpointFigures, ThresholdResult
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.thresholds import headroom, parse
from k6_mcp.models.timeline import Numbers, Timeline
from k6_mcp.reports.chart_points import Points, points
from k6_mcp.reports.foreign import one_line
from k6_mcp.reports.key_figures import KeyFigure, key_figures
from k6_mcp.reports.planned_load import planned

# About one for each pixel column of a chart
SCREEN_POINTS = 900
_MOST_ROWS = 50
# json itself escapes U+2028 and every other non-ASCII character
_UNSAFE = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
}


@dataclass(frozen=True)
class RunView:
    """One run as its reports show it.

    `timeline` is None if nothing was recorded over time, `script` is the script's text without secrets.
    """

    run: Run
    explanation: Explanation
    timeline: Timeline | None
    generated_at: datetime
    script: str | None = None
    most_points: int = SCREEN_POINTS

    @property
    def title(self) -> str:
        """The test's name, or what was tested."""
        return one_line(self.run.name or subject(self.run.asked, 200), 200)

    @property
    def endpoints(self) -> tuple[EndpointFigures, ...]:
        """Figures per request name; without any, `run.metrics.endpoints_note` says why."""
        return self.run.metrics.endpoints if self.run.metrics else ()

    @property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The judged thresholds, crossed ones first."""
        thresholds = self.run.metrics.thresholds if self.run.metrics else ()
        return tuple(sorted(thresholds, key=lambda threshold: (threshold.ok, threshold.has_samples)))

    @cached_property
    def drawn(self) -> Points | None:
        """The timeline reduced to what a screen shows, None if there is nothing to draw."""
        return self.points(self.most_points)

    def points(self, most: int) -> Points | None:
        """Return the timeline as at most `most` points, None if there is nothing to draw."""
        if self.timeline is None or not self.timeline.ends_s:
            return None
        return points(self.timeline, planned(self.run.plan, self.explanation.phases), most)


class Shade(Model):
    """A finding's time window, in s."""

    from_s: float
    to_s: float
    label: str
    severity: str


class Mark(Model):
    """The start of a stage, in s."""

    at_s: float
    label: str


class LimitLine(Model):
    """A latency threshold, drawn in the latency chart (ms)."""

    value: float
    label: str
    ok: bool


class ThresholdRow(Model):
    """A threshold; `headroom` is the share of its limit that is left, negative when crossed."""

    metric: str
    expression: str
    observed: float | None
    ok: bool
    has_samples: bool
    headroom: float | None


class FindingRow(Model):
    """A finding in short."""

    id: str
    severity: str
    message: str


class ErrorColumn(Model):
    """Failed requests per second with one error code, with a readable name."""

    code: int
    label: str
    per_s: Numbers


class Charts(Model):
    """Columns of equal length to draw over `x_s`, the middle of each point.

    See `Points` for how intervals are merged.
    """

    start_unix_ms: float
    seconds: float
    merged: int
    x_s: tuple[float, ...]
    from_s: tuple[float, ...]
    to_s: tuple[float, ...]
    p50_ms: Numbers
    p90_ms: Numbers
    p95_ms: Numbers
    p99_ms: Numbers
    max_ms: Numbers
    requests_per_s: Numbers
    failed_per_s: Numbers
    iterations_per_s: Numbers
    dropped_per_s: Numbers
    asked_per_s: Numbers
    vus: tuple[int | None, ...]
    asked_vus: Numbers
    errors: tuple[ErrorColumn, ...]
    marks: tuple[Mark, ...]
    shades: tuple[Shade, ...]
    limits: tuple[LimitLine, ...]


class PageData(Model):
    """What a page's JavaScript draws from. Its texts are untrusted: a page shows them as text only."""

    run_id: str
    title: str
    status: str
    final: bool
    headline: str
    generated_at: str
    figures: tuple[KeyFigure, ...]
    thresholds: tuple[ThresholdRow, ...]
    findings: tuple[FindingRow, ...]
    charts: Charts | None


def page_data(view: RunView) -> PageData:
    """Return what a page draws of `view`."""
    return PageData(
        run_id=view.run.run_id,
        title=view.title,
        status=view.run.status,
        final=view.run.status in FINAL,
        headline=one_line(view.explanation.headline),
        generated_at=view.generated_at.isoformat(timespec="seconds"),
        figures=key_figures(view.run),
        thresholds=tuple(threshold_row(threshold) for threshold in view.thresholds[:_MOST_ROWS]),
        findings=tuple(
            FindingRow(id=finding.id, severity=finding.severity, message=one_line(finding.message))
            for finding in view.explanation.findings[:_MOST_ROWS]
        ),
        charts=_charts(view),
    )


def view_json(view: RunView) -> str:
    """Return `page_data` as JSON that is safe inside a `<script>` element."""
    return safe_json(page_data(view))


def safe_json(value: Model) -> str:
    """Return `value` as JSON that is safe inside a `<script>` element: ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value.model_dump(), allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return text


def threshold_row(threshold: ThresholdResult) -> ThresholdRow:
    """Return a threshold with its headroom."""
    judged = threshold.observed is not None and threshold.has_samples
    return ThresholdRow(
        metric=one_line(threshold.metric),
        expression=one_line(threshold.expression),
        observed=threshold.observed,
        ok=threshold.ok and threshold.has_samples,
        has_samples=threshold.has_samples,
        headroom=headroom(threshold.expression, threshold.observed) if judged else None,
    )


def error_label(view: RunView, code: int) -> str:
    """Return an error code with its meaning."""
    meanings = {error.code: error.meaning for error in view.run.metrics.errors} if view.run.metrics else {}
    return one_line(f"{code} {meanings.get(code, '')}".strip(), 60) if code else "other codes"


def _charts(view: RunView) -> Charts | None:
    drawn = view.drawn
    if drawn is None or view.timeline is None:
        return None
    return Charts(
        start_unix_ms=view.timeline.start_unix_ms,
        seconds=view.timeline.seconds,
        merged=drawn.merged,
        x_s=drawn.middle_s,
        from_s=drawn.from_s,
        to_s=drawn.to_s,
        p50_ms=drawn.p50_ms,
        p90_ms=drawn.p90_ms,
        p95_ms=drawn.p95_ms,
        p99_ms=drawn.p99_ms,
        max_ms=drawn.max_ms,
        requests_per_s=drawn.requests_per_s,
        failed_per_s=drawn.failed_per_s,
        iterations_per_s=drawn.iterations_per_s,
        dropped_per_s=drawn.dropped_per_s,
        asked_per_s=drawn.asked_per_s,
        vus=drawn.vus,
        asked_vus=drawn.asked_vus,
        errors=tuple(
            ErrorColumn(code=e.code, label=error_label(view, e.code), per_s=e.per_s) for e in drawn.errors
        ),
        marks=tuple(_marks(view)),
        shades=tuple(_shades(view, view.timeline.seconds)),
        limits=tuple(_limits(view)),
    )


def _marks(view: RunView) -> Iterator[Mark]:
    """Yield where stages begin, except at the very start, with at most one mark at a time."""
    seen: set[float] = set()
    for phase in view.explanation.phases[: 2 * _MOST_ROWS]:
        at_s = round(phase.start_s, 2)
        if at_s > 0 and phase.number > 1 and at_s not in seen:
            seen.add(at_s)
            yield Mark(at_s=at_s, label=one_line(phase.label, 40))


def _shades(view: RunView, seconds: float) -> Iterator[Shade]:
    """Yield the windows of findings that are about a limited time.

    A window of nearly the whole run would set nothing apart, so it is left out.
    """
    for finding in view.explanation.findings:
        judged = (
            evidence
            for evidence in finding.evidence
            if evidence.limit is not None and evidence.metric != "recovery_s"
        )
        windows = ((e.from_s, e.to_s) for e in judged if e.from_s is not None and e.to_s is not None)
        for since, until in islice(windows, row_of(finding.id).shaded):
            since, until = round(max(0.0, since), 2), round(min(seconds, until), 2)
            if 0 < until - since < 0.9 * seconds:
                yield Shade(
                    from_s=since, to_s=until, label=one_line(finding.id, 60), severity=finding.severity
                )


def _limits(view: RunView) -> Iterator[LimitLine]:
    for threshold in view.thresholds:
        parsed = parse(threshold.expression) if threshold.metric == "http_req_duration" else None
        if parsed is not None and 0 < parsed.limit < inf:
            yield LimitLine(value=parsed.limit, label=one_line(threshold.expression, 40), ok=threshold.ok)
