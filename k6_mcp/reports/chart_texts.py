"""Charts in words, for readers who cannot see them."""

from collections.abc import Iterator
from dataclasses import dataclass

from k6_mcp.models.duration import format_duration
from k6_mcp.models.timeline import Numbers
from k6_mcp.models.wording import count, number
from k6_mcp.reports.chart_points import Points
from k6_mcp.reports.key_figures import milliseconds
from k6_mcp.reports.run_view import RunView, error_label

TABLE_POINTS = 60


@dataclass(frozen=True)
class ChartText:
    """A chart's name, its content in a sentence or two, and the same content as a table of text."""

    kind: str
    title: str
    sentence: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    drawn: bool = True


def chart_texts(view: RunView) -> tuple[ChartText, ...]:
    """Return the charts of a run in the order of the page."""
    points = view.points(TABLE_POINTS)
    if points is None:
        return ()
    times = [
        f"{number(since, 5)}-{number(until, 5)}"
        for since, until in zip(points.from_s, points.to_s, strict=True)
    ]
    texts = (_latency(view, points), _rate(view, points), _vus(points), _errors(view, points))
    return tuple(_chart(text, times) for text in texts if text is not None)


@dataclass(frozen=True)
class _Column:
    name: str
    values: Numbers
    digits: int = 4


@dataclass(frozen=True)
class _Text:
    kind: str
    title: str
    sentence: str
    columns: tuple[_Column, ...]
    drawn: bool = True


def _chart(text: _Text, times: list[str]) -> ChartText:
    shown = [column for column in text.columns if any(value is not None for value in column.values)]
    rows = tuple(
        (time, *("—" if c.values[i] is None else number(c.values[i] or 0, c.digits) for c in shown))
        for i, time in enumerate(times)
    )
    names = ("s", *(column.name for column in shown))
    return ChartText(text.kind, text.title, text.sentence, names, rows if text.drawn else (), text.drawn)


def _time(second: float) -> str:
    return format_duration(round(second, 1 if second < 60 else 0)) if second else "0s"


def _latency(view: RunView, points: Points) -> _Text | None:
    known = [(value, i) for i, value in enumerate(points.p95_ms) if value is not None]
    if not known:
        return None
    (low, _), (high, at) = min(known), max(known)
    longest = max((value for value in points.max_ms if value is not None), default=high)
    unanswered = sum(view.timeline.unanswered) if view.timeline else 0
    sentence = (
        f"p95 ranged from {milliseconds(low)} to {milliseconds(high)}, with its peak around"
        f" {_time(points.middle_s[at])}; the longest {'answer' if unanswered else 'request'} took"
        f" {milliseconds(longest)}."
    )
    if unanswered:
        sentence += f" {count(unanswered, 'request')} without an answer left out."
    if estimated := (len(view.timeline.estimated) if view.timeline else 0):
        sentence += f" Percentiles are estimated in {count(estimated, 'interval')}."
    columns = (
        ("p50 ms", points.p50_ms),
        ("p90 ms", points.p90_ms),
        ("p95 ms", points.p95_ms),
        ("p99 ms", points.p99_ms),
    )
    return _Text(
        "latency", "Latency", sentence, (*(_Column(*c) for c in columns), _Column("max ms", points.max_ms))
    )


def _rate(view: RunView, points: Points) -> _Text:
    return _Text(
        "rate",
        "Rate",
        " ".join(_rate_words(view, points)),
        (
            _Column("requests/s", points.requests_per_s),
            _Column("iterations/s", points.iterations_per_s),
            _Column("planned iterations/s", points.asked_per_s),
            _Column("dropped/s", points.dropped_per_s if any(points.dropped_per_s) else ()),
        ),
    )


def _rate_words(view: RunView, points: Points) -> Iterator[str]:
    rates = [value for value in points.requests_per_s if value is not None]
    what = "requests"
    if not any(rates) and any(points.iterations_per_s):
        rates, what = (
            [value for value in points.iterations_per_s if value is not None],
            "iterations (no HTTP requests)",
        )
    if rates:
        yield f"{number(min(rates), 3)} to {number(max(rates), 3)} {what} per second."
    if view.run.plan and view.run.plan.peak_rate_per_s:
        yield f"The plan called for up to {number(view.run.plan.peak_rate_per_s, 4)} iterations per second."
    if any(points.dropped_per_s):
        worst = max((value or 0.0, i) for i, value in enumerate(points.dropped_per_s))
        yield (
            f"k6 dropped iterations, most around {_time(points.middle_s[worst[1]])} ({number(worst[0], 3)}"
            " per second)."
        )


def _vus(points: Points) -> _Text | None:
    known = [value for value in points.vus if value is not None]
    if not known:
        return None
    planned = [value for value in points.asked_vus if value is not None]
    sentence = f"{min(known)} to {count(max(known), 'active VU')}."
    if planned:
        sentence += f" The plan called for up to {number(max(planned))}."
    return _Text(
        "vus",
        "Virtual users",
        sentence,
        (_Column("VUs", points.vus), _Column("planned VUs", points.asked_vus)),
    )


def _errors(view: RunView, points: Points) -> _Text:
    failing = [i for i, value in enumerate(points.failed_per_s) if value]
    if not failing:
        return _Text("errors", "Errors", "No request failed.", (), drawn=False)
    worst = max(failing, key=lambda i: points.failed_per_s[i] or 0.0)
    sentence = (
        f"Requests failed from {_time(points.from_s[failing[0]])} to {_time(points.to_s[failing[-1]])},"
        f" most around {_time(points.middle_s[worst])} ({number(points.failed_per_s[worst] or 0, 3)} per"
        " second)."
    )
    columns = [_Column("failed/s", points.failed_per_s)]
    columns += [_Column(f"{error_label(view, error.code)} /s", error.per_s) for error in points.errors[:8]]
    return _Text("errors", "Errors", sentence, tuple(columns))
