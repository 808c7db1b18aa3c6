"""Long synthetic records in the form that k6 writes.

They hold one snapshot per second of several scenarios that fail in several ways.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from lab.sample_runs import OPENING, START_MS, line, rows

Row = Sequence[float]
CODES = (1050, 1211, 1212, 1220, 1500, 1502, 1503, 1504)


def long_record(seconds: int, scenarios: int, codes: Sequence[int] = CODES) -> Iterator[str]:
    """Yield the lines of a record of noisy figures, all with five digits, that k6 closed properly."""
    chance = random.Random(7)
    names = [f"scenario{number}" for number in range(scenarios)]
    sample = _interval(chance, names, codes)
    kinds = {"time": {"type": "gauge"}, **{name: {"type": _type(name)} for name in sample}}
    yield from (OPENING[0], OPENING[1], line("metric", kinds))
    interval, sums = sample, dict[str, float]()
    for second in range(1, seconds + 1):
        interval = _interval(chance, names, codes)
        for name, row in interval.items():
            if _type(name) == "counter":
                sums[name] = sums.get(name, 0.0) + row[0]
        at_ms = 1000 * second + chance.randint(0, 4)
        yield line("snapshot", rows(at_ms, interval, kinds))
    final = {**interval, **{name: (count + 3, 1.0) for name, count in sums.items()}}
    yield line("cumulative", rows(1000 * seconds + 500, final, kinds))
    yield line("stop", [[START_MS + 1000 * seconds + 500]])


def _type(name: str) -> str:
    return {"http_req_failed": "rate", "http_req_duration": "trend", "vus": "gauge"}.get(
        name.partition("{")[0], "counter"
    )


def _interval(chance: random.Random, scenarios: Sequence[str], codes: Sequence[int]) -> Mapping[str, Row]:
    values: dict[str, Row] = {"vus": (chance.randint(90, 110),)}
    total = 0
    for tags in (*(f"{{scenario:{name}}}" for name in scenarios), ""):
        count = total if tags == "" and scenarios else chance.randint(800, 1200)
        total += count
        values[f"http_reqs{tags}"] = (count, count)
        values[f"iterations{tags}"] = (count - chance.randint(0, 30), 1)
        values[f"dropped_iterations{tags}"] = (chance.randint(0, 3), 1)
        values[f"http_req_failed{tags}"] = (_digits(chance.uniform(0.0, 0.05)),)
        values[f"http_req_duration{tags}"] = _trend(chance)
    for code in codes:
        failed = chance.randint(0, 5)
        values[f"http_reqs{{error_code:{code}}}"] = (failed, failed)
        values[f"http_req_duration{{error_code:{code}}}"] = _trend(chance) if code > 1300 else (0.0,) * 7
    return values


def _trend(chance: random.Random) -> Row:
    """avg, max, med, min, p90, p95, p99."""
    middle = chance.lognormvariate(3, 0.2)
    return tuple(
        _digits(middle * chance.uniform(0.95, 1.0) * factor) for factor in (1.1, 20, 1, 0.2, 2, 3, 5)
    )


def _digits(value: float) -> float:
    return float(f"{value:.5g}")
