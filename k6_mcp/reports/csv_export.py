"""A run over time as CSV (RFC 4180).

One line per interval, units in the column names, and nothing that a spreadsheet would execute.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from k6_mcp.models.run import Run
from k6_mcp.models.timeline import ErrorSeries, Numbers, Series, Timeline

Value = float | int | None
Column = tuple[str, Sequence[Value]]

_PERCENTILES = ("avg_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms")
# k6 allows only these characters in a scenario's name
_UNNAMEABLE = re.compile(r"[^0-9A-Za-z_-]+")
_DIGITS = 6


def run_csv(run: Run, timeline: Timeline | None) -> bytes:
    """Return the intervals of a run, UTF-8.

    Without a timeline the whole run is one interval. If nothing was measured, only the header is returned.
    """
    return timeline_csv(timeline or _whole(run))


def _whole(run: Run) -> Timeline | None:
    metrics = run.metrics
    if metrics is None or metrics.source == "none" or metrics.figures.wall_s <= 0:
        return None
    figures, latency = metrics.figures, metrics.figures.latency
    return Timeline(
        start_unix_ms=(run.started_at or run.created_at).timestamp() * 1000,
        period_s=figures.wall_s,
        ends_s=(figures.wall_s,),
        total=Series(
            requests=(figures.requests,),
            failed=(figures.failed_requests,),
            iterations=(figures.iterations,),
            avg_ms=(latency.avg_ms if latency else None,),
            p50_ms=(latency.med_ms if latency else None,),
            p90_ms=(latency.p90_ms if latency else None,),
            p95_ms=(latency.p95_ms if latency else None,),
            p99_ms=(latency.p99_ms if latency else None,),
            max_ms=(latency.max_ms if latency else None,),
        ),
        unanswered=(figures.unanswered_requests,),
        dropped=(figures.iterations_dropped,),
        vus=(figures.vus_max,),
        errors=tuple(ErrorSeries(code=error.code, counts=(error.count,)) for error in metrics.errors),
    )


def timeline_csv(timeline: Timeline | None) -> bytes:
    """Return the intervals of `timeline`, UTF-8; only the header without a timeline.

    A field is empty if there is no such figure. The first column, `start_unix_ms`, makes files of several
    runs comparable.
    """
    columns = [*_columns(timeline or _NOTHING)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(name for name, _ in columns)
    writer.writerows(zip(*(map(_field, values) for _, values in columns), strict=True))
    return text.getvalue().encode()


def _columns(timeline: Timeline) -> Iterator[Column]:
    total, starts, spans = timeline.total, timeline.starts_s, timeline.spans_s
    yield "start_unix_ms", [round(timeline.start_unix_ms + start * 1000) for start in starts]
    yield "from_s", starts
    yield "to_s", timeline.ends_s
    yield "vus", timeline.vus
    yield from _series("", total, spans)
    yield "unanswered", timeline.unanswered
    yield "dropped_iterations", timeline.dropped
    for series in timeline.errors:
        yield f"failed_code_{series.code}" if series.code else "failed_other_codes", series.counts
    for scenario in timeline.scenarios:
        yield from _series(f"scenario_{_UNNAMEABLE.sub('_', scenario.name)[:60]}_", scenario.series, spans)


def _series(prefix: str, series: Series, spans_s: Numbers) -> Iterator[Column]:
    yield f"{prefix}requests", series.requests
    yield f"{prefix}requests_per_s", _ratio(series.requests, spans_s)
    yield f"{prefix}failed", series.failed
    yield f"{prefix}error_rate", _ratio(series.failed, series.requests)
    yield f"{prefix}iterations", series.iterations
    for name in _PERCENTILES:
        yield prefix + name, getattr(series, name)


def _ratio(counts: Sequence[int], of: Sequence[float | None]) -> Numbers:
    return tuple(count / whole if whole else None for count, whole in zip(counts, of, strict=True))


def _field(value: Value) -> str:
    """Return a number as text; only numbers are written, so no field can be a formula."""
    if value is None:
        return ""
    return (
        str(value)
        if isinstance(value, int)
        else f"{value:.{_DIGITS}g}"
        if abs(value) < 10**_DIGITS
        else f"{value:.0f}"
    )


_EMPTY = Series(requests=(), failed=(), iterations=(), **dict.fromkeys(_PERCENTILES, ()))
_NOTHING = Timeline(start_unix_ms=0, period_s=1, ends_s=(), total=_EMPTY, unanswered=(), dropped=(), vus=())
