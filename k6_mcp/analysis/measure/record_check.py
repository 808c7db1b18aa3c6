"""Whether an end-of-test summary is true.

The summary is compared with the record, which k6's own code writes. `witnesses` compares both with what no
script can forge.
"""

from collections.abc import Iterator, Mapping
from math import trunc

from k6_mcp.analysis.measure.record import Record, Totals
from k6_mcp.analysis.measure.sources import Measured
from k6_mcp.models.metrics import MetricRow

# The record truncates fractions of larger values; whole numbers are always exact
_TRUNCATED_FROM = 1e4
_COMPARED = ("count", "rate", "avg", "min", "med", "max", "p(90)", "p(95)", "p(99)")


def contradiction(measured: Measured, record: Record) -> str | None:
    """Return where the summary contradicts the record, None if nowhere.

    A record that k6 could not finish (disk full, killed) only gives lower bounds for the counts.
    """
    totals = record.totals()
    if totals is None:
        return None
    reasons = (
        _exact(measured, totals) if record.complete and not record.damaged else _bounds(measured, totals)
    )
    return next(reasons, None)


def _exact(measured: Measured, totals: Totals) -> Iterator[str]:
    for name, recorded in totals.rows.items():
        row = measured.rows.get(name)
        if row is None:
            if "{" not in name:
                yield f"{name} is missing"
            continue
        for key in _COMPARED:
            if key in recorded and not _agree(row, key, recorded[key]):
                yield f"{name} {key} is {row.values.get(key)}, recorded {recorded[key]:g}"
    for name, row in measured.rows.items():
        if "{" not in name and name not in totals.rows and any(row.values.values()):
            yield f"{name} was never recorded"


def _bounds(measured: Measured, totals: Totals) -> Iterator[str]:
    for name, recorded in totals.rows.items():
        row, least = measured.rows.get(name), recorded.get("count")
        if row is None or least is None:
            continue
        if row.values.get("count", 0.0) < least - 1e-6:
            yield f"{name} count is {row.values.get('count')}, recorded at least {least:g}"


def _agree(row: MetricRow, key: str, recorded: float) -> bool:
    if row.type == "gauge" or (row.type == "counter" and key == "rate"):
        # The record and the summary divide by slightly different times
        return True
    stated = row.values.get(key)
    if row.type == "rate":
        stated = _ratio(row.values)
    if stated is None:
        # A script may choose trend statistics without it
        return key == "p(99)"
    if key == "count" and recorded == trunc(recorded):
        return recorded == (stated if stated < _TRUNCATED_FROM else trunc(stated))
    return abs(stated - recorded) <= _unit(recorded) + abs(recorded) * 1e-9


def _ratio(values: Mapping[str, float]) -> float | None:
    """Return a rate from its counts, so that neither can be altered alone."""
    passes, fails, rate = values.get("passes"), values.get("fails"), values.get("rate")
    if passes is None or fails is None or rate is None:
        return rate
    total = passes + fails
    computed = passes / total if total > 0 else 0.0
    return computed if abs(computed - rate) < 1e-9 else None


def _unit(value: float) -> float:
    """Return the last digit that k6 keeps of a fraction in the record.

    Source: `significant` in internal/dashboard/meter.go.
    """
    size = abs(value)
    for bound, unit in ((1e4, 1.0), (1e3, 0.1), (1e2, 0.01), (1e1, 1e-3), (1.0, 1e-4)):
        if size >= bound:
            return unit
    return 1e-5
