"""The rule about outages: answers stopped, or at least half of them failed, for some time.

It also reports how the target recovered.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

from k6_mcp.analysis.findings import limiter
from k6_mcp.analysis.findings.case import Case, Interval, together
from k6_mcp.analysis.numbers.confidence import above, above_share
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.wording import count, number, percent

_FAILING = 0.5
_FEWEST_REQUESTS = 5
_FEWEST_USUAL = 3
# Good intervals that define the usual rate
_REMEMBERED = 9
# Times the duration of an iteration: think time isn't an outage
_SILENCE = 1.5
# Intervals are a few ms longer or shorter than a second
_NEARLY = 0.95
# Latency has recovered when it is at most this many times its value before
_AS_BEFORE = 2.0
_CALM_ERROR_RATE = 0.05
_MOST_SHOWN = 3
# Share of the usual good answers per second. A target that keeps them up is at its capacity and turns away
# the load beyond it, which isn't an outage.
_AS_GOOD = 0.75


@dataclass(frozen=True)
class Window:
    """One outage.

    `missing` counts the requests that were expected in it. `back_at_s` is when the target was as good as
    before (None: never). `over` is whether good intervals followed.
    """

    intervals: tuple[Interval, ...]
    missing: float
    back_at_s: float | None
    over: bool

    @property
    def from_s(self) -> float:
        """When it began."""
        return self.intervals[0].from_s

    @property
    def to_s(self) -> float:
        """When it ended."""
        return self.intervals[-1].to_s

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.to_s - self.from_s


def outage(case: Case) -> Iterator[Finding]:
    """Find times in which answers stopped, or at least half of them failed, for some seconds."""
    windows = outages(case)
    if not windows:
        return
    longest = max(windows, key=lambda window: window.seconds)
    before = [interval for interval in case.intervals if interval.to_s <= longest.from_s]
    yield Finding(
        id="outage",
        severity="critical",
        confidence=_confidence(longest),
        message=_message(windows, longest, case.limits.recovery_s),
        evidence=(
            *_phases(case, longest, before),
            *(_window(window) for window in windows if window is not longest),
        )[: 3 + _MOST_SHOWN],
        recommendation=(
            limiter.advice(case)
            if limiter.limited(case)
            else (
                "look at the target's log for that time; repeat execute_k6_test at the same load, with slo"
                " availability, to see whether it happens again"
            )
        ),
    )


def outages(case: Case) -> list[Window]:
    """Return the windows of all outages in order, none if no interval was ever good."""
    intervals = case.intervals
    bad = [_is_bad(interval) for interval in intervals]
    if all(bad) or not any(bad):
        return []
    good = (interval for interval, is_bad in zip(intervals, bad, strict=True) if not is_bad)
    # Until the first good interval is reached, the next good ones define what is usual
    usual = deque(islice(good, _REMEMBERED), maxlen=_REMEMBERED)
    windows: list[Window] = []
    start = 0
    for i, interval in enumerate(intervals):
        if not bad[i]:
            usual.append(interval)
            start = i + 1
        elif (i + 1 == len(intervals) or not bad[i + 1]) and (window := _judge(case, start, i + 1, usual)):
            windows.append(window)
    return windows


def in_outage(interval: Interval, windows: Sequence[Window]) -> bool:
    """Return whether an interval lies in one of `windows`, or in the recovery after one."""
    last = bisect_right(windows, interval.from_s, key=lambda window: window.from_s) - 1
    return last >= 0 and interval.from_s < (windows[last].back_at_s or windows[last].to_s + interval.seconds)


def _is_bad(interval: Interval) -> bool:
    if interval.requests:
        return interval.failed >= _FAILING * interval.requests
    return bool(interval.scenarios) and not interval.iterations


def _per_load(interval: Interval) -> float:
    """Return requests per second and unit of load, so that a ramp that ends isn't an outage.

    The unit is a VU or a planned iteration, or 1 if the load is unknown.
    """
    return interval.requests_per_s / (interval.load or 1.0)


def _judge(case: Case, start: int, end: int, usual: Sequence[Interval]) -> Window | None:
    """Return the bad intervals from `start` to `end` as an outage, or None.

    `usual` are good intervals near them.
    """
    intervals = case.intervals[start:end]
    seconds = intervals[-1].to_s - intervals[0].from_s
    if seconds < case.limits.outage_s * _NEARLY:
        return None
    failed = sum(interval.failed for interval in intervals)
    alike = [interval for interval in usual if interval.scenarios == intervals[0].scenarios]
    rate = median(map(_per_load, alike)) if len(alike) >= _FEWEST_USUAL else 0.0
    missing = sum(
        rate * (interval.load or 1.0) * interval.seconds - interval.requests for interval in intervals
    )
    if not failed and case.load.unit != "iterations/s" and _are_fewer(intervals, usual):
        return None
    if failed and alike and _good_per_s(intervals) >= _AS_GOOD * _good_per_s(alike):
        return None
    natural_s = _SILENCE * case.iteration_ms / 1000 if not failed else 0.0
    if seconds < natural_s * _NEARLY or max(failed, missing) < _FEWEST_REQUESTS:
        return None
    usual_ms = [interval.p50_ms for interval in usual if interval.p50_ms is not None] if start else []
    back_at_s = _back_at(case.intervals, end, median(usual_ms) if usual_ms else None)
    return Window(intervals, max(missing, 0.0), back_at_s, end < len(case.intervals))


def _good_per_s(intervals: Sequence[Interval]) -> float:
    """Return good answers per second.

    A rate limiter, or a target at its capacity, gives the same number whatever the load is.
    """
    return median((interval.requests - interval.failed) / interval.seconds for interval in intervals)


def _are_fewer(intervals: Sequence[Interval], usual: Sequence[Interval]) -> bool:
    """Whether many VUs had already finished: the last VU's long iteration isn't an outage."""
    return (
        min(interval.vus or 0 for interval in intervals) < median(interval.vus or 0 for interval in usual) / 2
    )


def _back_at(intervals: Sequence[Interval], end: int, usual_ms: float | None) -> float | None:
    """Return when the first interval from `end` on began that was as good as before.

    Its latency is at most twice as high, with hardly any errors.
    """
    for interval in islice(intervals, end, None):
        calm = interval.requests and interval.error_rate <= _CALM_ERROR_RATE
        if calm and (
            usual_ms is None or interval.p50_ms is None or interval.p50_ms <= _AS_BEFORE * max(usual_ms, 1.0)
        ):
            return interval.from_s
    return None


def _confidence(window: Window) -> float:
    requests = sum(interval.requests for interval in window.intervals)
    failed = sum(interval.failed for interval in window.intervals)
    if failed:
        return above_share(failed, requests, min(_FAILING, 0.25))
    return above(window.missing, _FEWEST_REQUESTS, window.missing, 1)


def _message(windows: Sequence[Window], longest: Window, recovery_s: float) -> str:
    requests = sum(interval.requests for interval in longest.intervals)
    failed = sum(interval.failed for interval in longest.intervals)
    what = f"{failed} of {requests} requests failed" if failed else "no request was answered"
    text = f"{what} for {number(longest.seconds, 3)} s, starting at {number(longest.from_s, 3)} s"
    if longest.back_at_s is not None:
        took = longest.back_at_s - longest.from_s
        text += f"; the target was as before {number(took, 3)} s after the onset"
        text += f", later than the {number(recovery_s)} s allowed" if took > recovery_s else ""
    elif longest.over:
        text += "; answers came back, but latency and errors did not recover before the end"
    else:
        text += "; it had not recovered by the end"
    others = len(windows) - 1
    return text + (f" (the longest of {count(others + 1, 'outage')})" if others else "")


def _phases(case: Case, window: Window, before: Sequence[Interval]) -> Iterator[Evidence]:
    yield _figures("before", before)
    yield _figures("during", window.intervals, limit=_FAILING)
    back_at_s = window.back_at_s if window.back_at_s is not None else window.to_s
    yield _figures("after", [interval for interval in case.intervals if interval.from_s >= back_at_s])
    if window.back_at_s is not None:
        took = window.back_at_s - window.from_s
        yield Evidence(
            metric="recovery_s",
            observed=took,
            limit=case.limits.recovery_s,
            from_s=window.from_s,
            to_s=window.back_at_s,
        )


def _figures(name: str, intervals: Sequence[Interval], limit: float | None = None) -> Evidence:
    if not intervals:
        return Evidence(metric="http_req_failed", note=f"{name}: nothing was measured")
    whole = together(intervals)
    p95 = f", p95 {number(whole.p95_ms, 3)} ms" if whole.p95_ms is not None else ""
    return Evidence(
        metric="http_req_failed",
        observed=whole.error_rate if whole.requests else None,
        limit=limit,
        from_s=whole.from_s,
        to_s=whole.to_s,
        note=f"{name}: {number(whole.requests_per_s, 3)} requests/s{p95}",
    )


def _window(window: Window) -> Evidence:
    whole = together(window.intervals)
    rate = whole.error_rate if whole.requests else None
    note = f"another outage: {percent(rate)} failed" if rate is not None else "another outage: no answers"
    return Evidence(
        metric="http_req_failed",
        observed=rate,
        limit=_FAILING,
        from_s=window.from_s,
        to_s=window.to_s,
        note=note,
    )
