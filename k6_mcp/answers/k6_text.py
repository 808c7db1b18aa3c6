"""The end of a run as k6 tells it: a line of its log for whatever is no success, then its summary with every
duration in ms.

Its readers classify a run by k6's words, some by what stands before the first metric. So the line comes
first, each word of it only where it is the root cause, and is made harmless wherever else a name or message
holds it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import trunc

from k6_mcp.models.metrics import CheckResult, MetricRow, ThresholdResult
from k6_mcp.models.run import Run, Status
from k6_mcp.models.wording import cut, log_line, number

REQUEST_FAILED = "Request Failed"
THRESHOLDS_CROSSED = "thresholds on metrics"

ENDINGS: Mapping[Status, str] = {
    "queued": "the test has not begun; get_run with wait_s waits for its end",
    "running": "the test has not ended; get_run with wait_s waits for its end",
    "cancelled": "it was stopped before its end; the figures up to then are kept",
    "lost": "the server that ran it died; the figures reach as far as they were recorded",
    "failed": "k6-mcp does not know why",
}
_SIGNALS = re.compile(rf"{REQUEST_FAILED}|{THRESHOLDS_CROSSED}", re.IGNORECASE)
_TREND_COLUMNS = ("avg", "min", "med", "max", "p(90)", "p(95)")
# Web vitals are judged by p75
_WEB_VITAL_COLUMNS = ("avg", "min", "med", "max", "p(75)", "p(90)", "p(95)")
# Width of k6's own "metric name....:" column
_WIDTH = 31
_NAME = 120
_UNITS = ("B", "kB", "MB", "GB", "TB")


def k6_text(run: Run) -> str:
    """Return what k6 would have printed at the end of the test, from the figures of `run`, after the line of
    `ending`.
    """
    metrics = run.metrics
    lines: list[str] = []
    if metrics is not None:
        lines += _thresholds(metrics.thresholds)
        lines.append("  █ TOTAL RESULTS\n")
        lines += _checks(metrics.checks, run)
        lines += _metrics(metrics.rows, run)
    said = _harmless("\n".join(lines))
    return "".join(f"{part}\n" for part in (ending(run), said) if part)


def ending(run: Run) -> str:
    """Return how `run` ended as one line of k6's log; empty for a completed run."""
    failure = run.failure
    if run.status == "completed":
        return ""
    if failure is None:
        return log_line(f"{run.status}: {ENDINGS[run.status]}")
    message = _harmless(failure.message)
    if failure.kind == "target_unreachable":
        return log_line(REQUEST_FAILED, "warning", error=message)
    if failure.kind == "thresholds_exceeded":
        crossed = dict.fromkeys(t.metric for t in run.metrics.thresholds if not t.ok) if run.metrics else {}
        return log_line(
            f"{THRESHOLDS_CROSSED} '{', '.join(_harmless(cut(name, _NAME)) for name in crossed)}' have been"
            " crossed"
        )
    return log_line(f"{failure.kind}: {message}")


def _harmless(text: str) -> str:
    return _SIGNALS.sub(lambda match: match[0].replace(" ", "-"), text)


def _thresholds(thresholds: Iterable[ThresholdResult]) -> Iterator[str]:
    by_metric: dict[str, list[ThresholdResult]] = {}
    for threshold in thresholds:
        by_metric.setdefault(threshold.metric, []).append(threshold)
    if not by_metric:
        return
    yield "  █ THRESHOLDS\n"
    for metric, items in by_metric.items():
        yield f"    {cut(metric, _NAME)}"
        for item in items:
            observed = "no data" if item.observed is None else number(item.observed, 6)
            yield (
                f"    {'✓' if item.ok and item.has_samples else '✗'} '{cut(item.expression, _NAME)}'"
                f" observed={observed}"
            )
        yield ""


def _checks(checks: Iterable[CheckResult], run: Run) -> Iterator[str]:
    listed = list(checks)
    if listed:
        yield from _check_totals(
            sum(check.passes for check in listed), sum(check.fails for check in listed), run
        )
    for check in listed:
        name = cut(f"{check.group}::{check.name}" if check.group else check.name, _NAME)
        if not check.fails:
            yield f"    ✓ {name}"
        else:
            total = check.passes + check.fails
            yield (
                f"    ✗ {name}\n      ↳  {trunc(check.passes / total * 100)}% — ✓ {check.passes} / ✗"
                f" {check.fails}"
            )
    if listed:
        yield ""


def _check_totals(passes: int, fails: int, run: Run) -> Iterator[str]:
    total, load_s = passes + fails, run.metrics.figures.load_s if run.metrics else 0.0
    shown = (
        ("checks_total", f"{total} {_plain(total / load_s if load_s else 0.0)}/s"),
        ("checks_succeeded", f"{_share(passes / total if total else 0.0)} {passes} out of {total}"),
        ("checks_failed", f"{_share(fails / total if total else 0.0)} {fails} out of {total}"),
    )
    for name, values in shown:
        yield f"    {name}{'.' * (_WIDTH - len(name))}: {values}"
    yield ""


def _metrics(rows: Iterable[MetricRow], run: Run) -> Iterator[str]:
    for row in sorted(rows, key=lambda row: (row.name.partition("{")[0], row.name)):
        base, brace, tags = row.name.partition("{")
        shown = f"  {{ {cut(tags.removesuffix('}'), _NAME)} }}" if brace else cut(base, _NAME)
        values = _values(row, run)
        if values:
            yield f"    {shown}{'.' * max(_WIDTH - len(shown), 3)}: {values}"


def _values(row: MetricRow, run: Run) -> str:
    values = row.values
    match row.type:
        case "trend":
            columns = _WEB_VITAL_COLUMNS if row.name.startswith("browser_web_vital_") else _TREND_COLUMNS
            return " ".join(f"{key}={_amount(values[key], row.contains)}" for key in columns if key in values)
        case "counter":
            return (
                f"{_amount(values.get('count', 0.0), row.contains)}"
                f" {_amount(_per_s(row, run), row.contains)}/s"
            )
        case "gauge":
            spread = (
                f"{key}={_amount(values[key], row.contains)}" for key in ("min", "max") if key in values
            )
            return " ".join((_amount(values.get("value", 0.0), row.contains), *spread))
        case "rate":
            share = _share(values.get("rate", 0.0))
            passes, fails = values.get("passes"), values.get("fails", 0.0)
            return share if passes is None else f"{share} {passes:.0f} out of {passes + fails:.0f}"


def _share(rate: float) -> str:
    return f"{trunc(rate * 10_000) / 100:.2f}%"


def _per_s(row: MetricRow, run: Run) -> float:
    """A counter's rate over the time load was applied; k6's own rate also divides by setup, teardown and
    graceful stop.
    """
    load_s = run.metrics.figures.load_s if run.metrics else 0.0
    return row.values.get("count", 0.0) / load_s if load_s else row.values.get("rate", 0.0)


def _amount(value: float, contains: str) -> str:
    if contains == "time":
        return f"{_plain(value)}ms"
    if contains == "data":
        return _bytes(value)
    return _plain(value)


def _plain(value: float) -> str:
    """Two decimals, as k6 prints them; four significant digits below one so that microseconds stay
    visible.
    """
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else number(value, 4)


def _bytes(value: float) -> str:
    power = 0
    while abs(value) >= 1000 and power < len(_UNITS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.1f} {_UNITS[power]}" if power and value < 10 else f"{value:.0f} {_UNITS[power]}"
