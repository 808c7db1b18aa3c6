"""A run over time, from k6's own figures per interval.

The figures are columns, because an hour has thousands of intervals.
"""

from typing import Literal

from pydantic import model_validator

from k6_mcp.models.base import Model

Numbers = tuple[float | None, ...]
Counts = tuple[int, ...]


class Series(Model):
    """Figures per interval, in columns of equal length.

    Latency is that of answered requests, None if there is no figure.
    """

    requests: Counts
    failed: Counts
    iterations: Counts
    avg_ms: Numbers
    p50_ms: Numbers
    p90_ms: Numbers
    p95_ms: Numbers
    p99_ms: Numbers
    max_ms: Numbers

    @model_validator(mode="after")
    def _equally_long(self) -> "Series":
        lengths = {len(getattr(self, name)) for name in type(self).model_fields}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        return self


class ErrorSeries(Model):
    """Failed requests per interval with one of k6's error codes.

    Code 0 sums up all codes but the most frequent ones.
    """

    code: int
    counts: Counts


class ScenarioSeries(Model):
    """The figures of one scenario, and its iterations that were never started (`dropped`).

    Figures are split by scenario if there are several, or if setup() or teardown() made requests too.
    """

    name: str
    series: Series
    dropped: Counts = ()


class Timeline(Model):
    """Intervals of about `period_s` from the start of k6's record to its end.

    Counts add up to the run's figures exactly. `load_start_s` is when load began, after setup() and the
    creation of VUs, to about half an interval. `start_unix_ms` is time 0. Interval i ends at `ends_s[i]` and
    begins where the previous one ends. `vus` are the active VUs at the end of an interval. `estimated` lists
    intervals whose percentiles are computed by interpolation between k6's own percentiles: without the
    requests that never connected (k6 counts those as 0 ms), or over merged intervals. All others are k6's
    exact ones. `rest` means that the last interval is what k6 counted after its last snapshot, with exact
    counts and no percentiles. `complete` is False if k6 did not close its record, e.g. after a kill.
    """

    start_unix_ms: float
    period_s: float
    load_start_s: float = 0.0
    ends_s: tuple[float, ...]
    total: Series
    unanswered: Counts
    dropped: Counts
    vus: tuple[int | None, ...]
    errors: tuple[ErrorSeries, ...] = ()
    scenarios: tuple[ScenarioSeries, ...] = ()
    estimated: tuple[int, ...] = ()
    rest: bool = False
    complete: bool = True

    @model_validator(mode="after")
    def _equally_long(self) -> "Timeline":
        columns = [
            self.total.requests,
            self.unanswered,
            self.dropped,
            self.vus,
            *(error.counts for error in self.errors),
        ]
        columns += [scenario.series.requests for scenario in self.scenarios]
        columns += [scenario.dropped for scenario in self.scenarios if scenario.dropped]
        if {len(column) for column in columns} != {len(self.ends_s)}:
            raise ValueError(f"columns differ in length from the {len(self.ends_s)} intervals")
        if any(end <= start for start, end in zip(self.starts_s, self.ends_s, strict=True)):
            raise ValueError("an interval ends before it begins")
        return self

    @property
    def starts_s(self) -> tuple[float, ...]:
        """The start of each interval in s."""
        return (0.0, *self.ends_s[:-1]) if self.ends_s else ()

    @property
    def spans_s(self) -> Numbers:
        """The length of each interval in s, None if its rate would mean nothing.

        That is an interval after the first that is shorter than half of `period_s`.
        """
        lengths = [end - start for start, end in zip(self.starts_s, self.ends_s, strict=True)]
        return tuple(
            None if number and length < self.period_s / 2 else length for number, length in enumerate(lengths)
        )

    @property
    def seconds(self) -> float:
        """The seconds from time 0 to the end of the last interval."""
        return self.ends_s[-1] if self.ends_s else 0.0


class Phase(Model):
    """One stage of a scenario, or all of a scenario without stages: the requested load and its results.

    `asked_rate_per_s` is the mean rate of iterations that an arrival-rate stage requests, `asked_vus` the VUs
    that a VU stage requests at its end. `p95_ms` is estimated from the intervals' percentiles. The phases of
    a scenario add up to everything counted for it. Figures are None if the run did not reach the phase.
    """

    scenario: str
    number: int
    label: str
    kind: Literal["ramp", "hold", "whole"]
    start_s: float
    end_s: float
    asked_rate_per_s: float | None = None
    asked_vus: int | None = None
    iterations_per_s: float | None = None
    requests_per_s: float | None = None
    p95_ms: float | None = None
    error_rate: float | None = None
    dropped: int = 0
