"""k6's time-series record, read line by line while k6 writes it.

It is the dashboard's NDJSON (K6_WEB_DASHBOARD_RECORD). `metric` events announce names with their type. A
`snapshot` (one interval) or `cumulative` (since the start) event is a list of rows; row i belongs to the i-th
of all names announced so far, in byte order. An empty row means no sample. The `param` event names the
columns of a row. k6 keeps whole numbers exact here, so counts are exact, and truncates fractions to about
five significant digits (`significant` in k6's internal/dashboard/meter.go). The last interval of a run is in
no snapshot, only in the last `cumulative`.

Only the latest rows are kept whole, so memory grows with the number of metrics and hardly with time;
`timeline` keeps a few columns of all intervals.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Literal, NamedTuple, cast

from k6_mcp.analysis.measure.error_codes import is_unanswered
from k6_mcp.analysis.measure.intervals import vus_of
from k6_mcp.analysis.measure.timeline import About, TimelineBuilder
from k6_mcp.analysis.numbers.quantiles import answered
from k6_mcp.models.metrics import MetricType
from k6_mcp.models.timeline import Timeline

Contains = Literal["default", "time", "data"]
Rows = Mapping[str, Mapping[str, float]]

_TYPES: Mapping[str, MetricType] = {"counter": "counter", "gauge": "gauge", "rate": "rate", "trend": "trend"}
_CONTAINS: Mapping[str, Contains] = {"time": "time", "data": "data"}
_COLUMNS: Mapping[MetricType, tuple[str, ...]] = {
    "counter": ("count", "rate"),
    "gauge": ("value",),
    "rate": ("rate",),
    "trend": ("avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"),
}
# In characters; thousands of sub-metrics need far less
_LONGEST_LINE = 8_000_000
_MOST_METRICS = 100_000
# A busy machine can delay a point of the series by this much
_LATE_S = 2.0
_ACTIVITY = ("iterations", "http_reqs")
_BY_CODE = "http_reqs{error_code:"


class MetricKind(NamedTuple):
    """What k6 announced about a metric; the default of `contains` is k6's own."""

    type: MetricType
    contains: Contains = "default"


class Interval(NamedTuple):
    """The last complete interval.

    Rates are counts over its real length; `p95_ms` and `error_rate` cover only its requests.
    """

    at_s: float
    seconds: float
    requests_per_s: float
    iterations_per_s: float
    p95_ms: float | None
    error_rate: float | None
    vus: int | None


class Totals(NamedTuple):
    """Everything since the start, as of the last `cumulative` event.

    `kinds` also has metrics without samples.
    """

    rows: Rows
    kinds: Mapping[str, MetricKind]
    seconds: float


class Activity(NamedTuple):
    """When load shows in the record, in seconds since its start.

    Load began between `start_from_s` and `start_by_s`. Both are derived from the first interval with load,
    from the durations of the iterations that finished in it, and from k6's count of active VUs. The last
    iteration or request of a scenario finished between `last_from_s` and `last_to_s`, the bounds of an
    interval.
    """

    start_from_s: float
    start_by_s: float
    last_from_s: float
    last_to_s: float


class Record:
    """Reads the record incrementally; never raises, whatever a line contains.

    `damaged` counts the lines it could not use; `complete` means that k6 closed the record with its last
    figures. `tells_scenarios` is true if k6 was configured to name the scenario of each request (see
    `Plan.tells_scenarios`).
    """

    def __init__(self, tells_scenarios: bool = True) -> None:
        self._tells_scenarios = tells_scenarios
        self.damaged = 0
        self.complete = False
        self._stopped = False
        self._kinds: dict[str, MetricKind] = {}
        self._names: list[str] = []
        self._columns = dict(_COLUMNS)
        self._start_ms: float | None = None
        self._cumulative: dict[str, dict[str, float]] = {}
        self._cumulative_ms = 0.0
        self._cumulative_is_last = False
        self._interval: Interval | None = None
        self._interval_ms: float | None = None
        self._snapshots_seen: dict[str, float] = {}
        self._start_from_s = 0.0
        self._start_by_s: float | None = None
        self._last_active: tuple[float, float] | None = None
        self._timeline = TimelineBuilder()
        self._period_s = 1.0
        self._most_vus: int | None = None
        self._longest: tuple[float, float] | None = None

    def feed(self, line: str) -> None:
        """Take the next line."""
        if self._stopped or not line.strip():
            # Lines after k6's `stop` do not come from k6
            return
        try:
            if len(line) > _LONGEST_LINE:
                raise ValueError("too long")
            self._event(_mapping(json.loads(line)))
        except (ValueError, OverflowError, RecursionError):
            self.damaged += 1

    @property
    def seconds(self) -> float:
        """Time from the record's start to its last event, in s."""
        last = max(self._cumulative_ms, self._interval_ms or 0.0)
        return max(last - self._start_ms, 0.0) / 1000 if self._start_ms is not None and last else 0.0

    def interval(self) -> Interval | None:
        """Return the last complete interval, None before the first."""
        return self._interval

    def totals(self) -> Totals | None:
        """Return the figures since the start, None if k6 recorded nothing."""
        if not self._cumulative:
            return None
        start = self._start_ms if self._start_ms is not None else self._cumulative_ms
        return Totals(self._cumulative, self._kinds, max(self._cumulative_ms - start, 0.0) / 1000)

    def count(self, name: str) -> int:
        """Return a counter's total so far, 0 if it never counted."""
        return int(self._cumulative.get(name, {}).get("count", 0.0))

    @property
    def most_vus(self) -> int | None:
        """The most VUs in use at the end of an interval, None if k6 never counted them."""
        return self._most_vus

    @property
    def stood_still(self) -> tuple[float, float] | None:
        """Start and end of the longest interval, in s, if it far exceeded k6's period, else None.

        k6 wrote nothing in that time.
        """
        begin, end = self._longest or (0.0, 0.0)
        return (begin, end) if end - begin > self._period_s + _LATE_S else None

    def kind(self, name: str) -> MetricKind | None:
        """Return the type of a metric, or of the metric that a tagged sub-metric belongs to."""
        return self._kinds.get(name) or self._kinds.get(name.partition("{")[0])

    def activity(self) -> Activity | None:
        """Return when load was seen, None if no iteration or request ever finished."""
        last = self._last_active
        if self._cumulative and self._active_since_snapshot():
            begin = self._since_start(self._interval_ms) if self._interval_ms is not None else 0.0
            last = (begin, self.seconds)
        if last is None:
            return None
        start_by = self._start_by_s if self._start_by_s is not None else last[1]
        return Activity(self._start_from_s, start_by, *last)

    def timeline(self, *, load_start_s: float = 0.0, failed: int | None = None) -> Timeline | None:
        """Return everything so far as intervals, None if k6 recorded nothing.

        `failed` is the exact number of failed requests, if known.
        """
        start_ms = self._start_ms or 0.0
        about = About(start_ms, self._period_s, load_start_s, self.complete, failed)
        return self._timeline.build(self._cumulative, max(self._cumulative_ms - start_ms, 0.0) / 1000, about)

    def _event(self, event: Mapping[str, object]) -> None:
        match event.get("event"):
            case "param":
                self._param(_mapping(event.get("data")))
            case "metric":
                self._announce(_mapping(event.get("data")))
            case "start" if self._start_ms is None:
                self._start_ms = _time_row(event.get("data"))
            case "cumulative":
                self._take_cumulative(dict(self._rows(event.get("data"))))
            case "snapshot":
                self._snapshot(dict(self._rows(event.get("data"))))
            case "stop":
                self.complete, self._stopped = self._cumulative_is_last, True
            case _:
                pass

    def _param(self, data: Mapping[str, object]) -> None:
        for name, columns in _mapping(data.get("aggregates")).items():
            if name in _TYPES:
                self._columns[_TYPES[name]] = tuple(str(column) for column in _sequence(columns))
        if (period := _numbers([data.get("period")]) if "period" in data else []) and period[0] > 0:
            self._period_s = period[0] / 1000

    def _announce(self, data: Mapping[str, object]) -> None:
        for name, facts in data.items():
            fields = _mapping(facts)
            if (kind := _TYPES.get(str(fields.get("type")))) and len(self._kinds) < _MOST_METRICS:
                self._kinds.setdefault(
                    name, MetricKind(kind, _CONTAINS.get(str(fields.get("contains")), "default"))
                )
        self._names = sorted(self._kinds, key=lambda name: name.encode("utf-8", "surrogatepass"))

    def _rows(self, data: object) -> Iterator[tuple[str, dict[str, float]]]:
        rows = _sequence(data)
        if len(rows) != len(self._names):
            raise ValueError(f"{len(rows)} rows for {len(self._names)} metrics")
        for name, row in zip(self._names, rows, strict=True):
            if values := _numbers(row):
                yield name, dict(zip(self._columns[self._kinds[name].type], values, strict=True))

    def _take_cumulative(self, rows: dict[str, dict[str, float]]) -> None:
        now = rows.pop("time", {}).get("value", self._cumulative_ms)
        if now < self._cumulative_ms:
            raise ValueError("time went backwards")
        if self._start_ms is None:
            self._start_ms = now
        self._cumulative, self._cumulative_ms, self._cumulative_is_last = rows, now, True
        if "vus" in rows:
            self._most_vus = max(vus_of(rows, 0), self._most_vus or 0)

    def _snapshot(self, rows: dict[str, dict[str, float]]) -> None:
        now = rows.pop("time", {}).get("value", 0.0)
        before = self._interval_ms if self._interval_ms is not None else self._start_ms
        if before is None or now <= before:
            raise ValueError("time went backwards")
        begin, end = self._since_start(before), self._since_start(now)
        self._timeline.snapshot(rows, end)
        if self._longest is None or end - begin > self._longest[1] - self._longest[0]:
            self._longest = (begin, end)
        self._interval = _interval(rows, end, end - begin, self._interval)
        self._note_activity(rows, begin, end)
        self._interval_ms, self._cumulative_is_last = now, False

    def _note_activity(self, rows: Rows, begin: float, end: float) -> None:
        for name, row in rows.items():
            if name.startswith(_ACTIVITY):
                self._snapshots_seen[name] = self._snapshots_seen.get(name, 0.0) + row.get("count", 0.0)
        vus, active = rows.get("vus", {}).get("value"), self._active(rows)
        if self._last_active is None:
            self._note_start(
                begin, end, vus, rows.get("iteration_duration", {}).get("max", 0.0) / 1000 if active else None
            )
        if active:
            self._last_active = (begin, end)

    def _note_start(self, begin: float, end: float, vus: float | None, longest_s: float | None) -> None:
        """Narrow down when load began.

        `longest_s` is the longest iteration of the first interval in which one finished.
        """
        if vus == 0 and self._start_by_s is None:
            self._start_from_s = begin
        if vus and self._start_by_s is None:
            self._start_by_s = end
        if longest_s is not None:
            by_vus = self._start_by_s if self._start_by_s is not None else end
            # Otherwise active VUs already showed load before this interval
            if by_vus >= begin:
                self._start_from_s = max(self._start_from_s, begin - longest_s)
            self._start_by_s = max(min(by_vus, end - longest_s), self._start_from_s)

    def _active_since_snapshot(self) -> bool:
        return self._active(
            {
                name: {"count": row.get("count", 0.0) - self._snapshots_seen.get(name, 0.0)}
                for name, row in self._cumulative.items()
                if name.startswith(_ACTIVITY)
            }
        )

    def _active(self, rows: Rows) -> bool:
        """Whether an iteration, or a request of a scenario, finished.

        Requests of setup() and teardown() have no scenario tag, so they do not count.
        """
        loads = "http_reqs{scenario:" if self._tells_scenarios else "http_reqs"
        return any(
            row.get("count", 0.0) > 0
            for name, row in rows.items()
            if name == "iterations" or name.startswith(loads)
        )

    def _since_start(self, at_ms: float) -> float:
        return max(at_ms - (self._start_ms or 0.0), 0.0) / 1000


def _interval(rows: Rows, end_s: float, seconds: float, previous: Interval | None) -> Interval:
    vus = rows.get("vus", {}).get("value")
    return Interval(
        at_s=end_s,
        seconds=seconds,
        requests_per_s=rows.get("http_reqs", {}).get("count", 0.0) / seconds,
        iterations_per_s=rows.get("iterations", {}).get("count", 0.0) / seconds,
        p95_ms=_p95(rows),
        error_rate=rows.get("http_req_failed", {}).get("rate"),
        vus=int(vus) if vus is not None else previous.vus if previous else None,
    )


def _p95(rows: Rows) -> float | None:
    """Return the interval's p95 latency.

    k6 counts requests without an answer as 0 ms. If there are any, the result is an estimate for the others.
    """
    every = rows.get("http_req_duration", {})
    codes = [name.removeprefix(_BY_CODE).removesuffix("}") for name in rows if name.startswith(_BY_CODE)]
    unanswered = [
        (
            rows[f"{_BY_CODE}{code}}}"].get("count", 0.0),
            rows.get(f"http_req_duration{{error_code:{code}}}", {}),
        )
        for code in codes
        if code.isdecimal() and is_unanswered(int(code))
    ]
    return answered(every, rows.get("http_reqs", {}).get("count", 0.0), unanswered).get("p(95)")


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return cast("dict[str, object]", value)


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise ValueError("not an array")
    return cast("list[object]", value)


def _numbers(row: object) -> list[float]:
    values = [
        float(cell) for cell in _sequence(row) if isinstance(cell, int | float) and not isinstance(cell, bool)
    ]
    if len(values) != len(_sequence(row)) or not all(isfinite(value) for value in values):
        raise ValueError("not finite numbers")
    return values


def _time_row(data: object) -> float:
    return _numbers(_sequence(data)[0])[0] if _sequence(data) else 0.0
