"""One interval of k6's record: its counts, and the latency of the requests that were answered."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from k6_mcp.analysis.measure import error_codes
from k6_mcp.analysis.numbers.quantiles import answered

Row = Mapping[str, float]
Rows = Mapping[str, Row]

_CODE = "http_reqs{error_code:"
_SIGNS = ("http_reqs", "iterations", "dropped_iterations")
_MOST_COUNT = 2.0**53
_NOTHING: Row = {}
COUNTS = ("requests", "failed", "iterations", "dropped")


class Point(NamedTuple):
    """One interval of one scenario, or of all: counts in the order of `COUNTS`, latency by k6's names."""

    counts: tuple[int, ...]
    latency: Row


NO_POINT = Point((0,) * len(COUNTS), _NOTHING)


def point_of(
    rows: Rows, tags: str, unanswered: Sequence[tuple[int, int]], share: float
) -> tuple[Point, bool]:
    """Return the interval of the metrics with these tags, and whether its latency is an estimate.

    An estimate is the latency without unanswered requests. `share` of the `unanswered` (error code, count)
    are assumed to have these tags.
    """
    requests = count_of(rows, f"http_reqs{tags}")
    others = count_of(rows, f"iterations{tags}"), count_of(rows, f"dropped_iterations{tags}")
    point = Point((requests, failed_of(rows, tags), *others), rows.get(f"http_req_duration{tags}", _NOTHING))
    if not requests or not unanswered or not share:
        return point, False
    groups = [
        (n * share, rows.get(f"http_req_duration{{error_code:{code}}}", _NOTHING)) for code, n in unanswered
    ]
    estimate = answered(point.latency, requests, groups)
    return Point(point.counts, {name: _five_digits(value) for name, value in estimate.items()}), bool(
        estimate
    )


def scenario_names(rows: Rows) -> list[str]:
    """Return the scenarios that did anything."""
    names = (name.removesuffix("}").partition("{scenario:") for name in rows)
    return list(dict.fromkeys(scenario for metric, _, scenario in names if scenario and metric in _SIGNS))


def shares_of_failed(rows: Rows, scenarios: Sequence[str]) -> Mapping[str, float]:
    """Return the share of failed requests that each scenario made.

    k6 does not state which scenario's requests had which errors.
    """
    failed = {name: failed_of(rows, f"{{scenario:{name}}}") for name in scenarios}
    total = max(sum(failed.values()), failed_of(rows, ""))
    return {name: count / total if total else 0.0 for name, count in failed.items()}


def unanswered_by_code(rows: Rows) -> list[tuple[int, int]]:
    """Return requests without an answer by error code."""
    return [(code, count) for code, count in _codes(rows) if error_codes.is_unanswered(code)]


def failed_by_code(rows: Rows) -> dict[int, int]:
    """Return failed requests by error code, without those whose status the script expects."""
    failed: dict[int, int] = {}
    for code, count in _codes(rows):
        tags = f"{{error_code:{code}}}"
        expected = code in error_codes.HTTP_ERROR and f"http_req_failed{tags}" in rows
        failed[code] = failed_of(rows, tags) if expected else count
    return {code: count for code, count in failed.items() if count}


def _codes(rows: Rows) -> Iterable[tuple[int, int]]:
    for name in rows:
        code = name.removeprefix(_CODE).removesuffix("}")
        if name.startswith(_CODE) and code.isdecimal() and len(code) == 4 and int(code) in error_codes.ALL:
            if count := count_of(rows, name):
                yield int(code), count


def failed_of(rows: Rows, tags: str) -> int:
    """Return how many requests failed.

    It is the whole number that fits their share, which k6 truncates to five digits.
    """
    requests = count_of(rows, f"http_reqs{tags}")
    share = min(max(rows.get(f"http_req_failed{tags}", _NOTHING).get("rate", 0.0), 0.0), 1.0)
    return min(ceil(share * requests * (1 - 1e-9)), requests)


def count_of(rows: Rows, name: str) -> int:
    """Return a counter's count, 0 if it has no row."""
    return round(min(max(rows.get(name, _NOTHING).get("count", 0.0), 0.0), _MOST_COUNT))


def vus_of(rows: Rows, before: int) -> int:
    """Return the active VUs, `before` if the interval has no such value."""
    return round(min(max(rows["vus"].get("value", 0.0), 0.0), _MOST_COUNT)) if "vus" in rows else before


def _five_digits(value: float) -> float:
    return float(f"{value:.5g}")
