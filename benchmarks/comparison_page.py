"""docs/evidence/comparison.md: how often a comparison was wrong, as the benchmark `compare` counted it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.evidence import cells, table

NAME = "comparison.md"
ALONE, BESIDE = "alone", "with other work"

_HEAD = """# How often a comparison is wrong

[Comparing runs](../comparison.md) says how `compare_runs` decides. This page counts how often it is wrong.
The benchmark makes 600 real runs of {duration} at {rate} requests/s through `execute_k6_test`, in series of
{repeats}, {at_once} tests at once, on the machine as it is; and 600 more with other work: CPU load that the
benchmark makes itself, in phases of 10 to 60 s with 0 to 32 processes that work and pause.

The target's latency is lognormal (median 50 ms, deviation of the logarithm 0.4); its level wanders by 3 %.
Each of {groups} groups has a baseline and an unchanged side. {changed} of them also have a side whose target
is 30 % slower, and one in which 2 % of requests fail. Each pair is made of runs of its own: no run serves two
pairs of a row. A changed side is compared with the same baseline as its group's unchanged side. Rows of 1
run use the first of each series.

`make evidence PAGES=compare` remakes this page in about 30 minutes.
"""
_RATES = """## Error rates

"Regressed" counts the whole comparison. The column "goal" also has how often the figure itself was called.
"""
_WAITS = """## What k6 waited

Of the time in which k6 wanted a CPU, the share that it waited for one; and the latency that it then measured
of the unchanged target.
"""
_RATES_HEAD = ("pairs", "regressed", "improved", "no evidence", "goal", "holds")
_WAITS_HEAD = ("k6 waited", "runs", "average", "p95 (deviation)")


@dataclass(frozen=True, slots=True)
class Counted:
    """The cells of the page: `measured` is one sentence, `waits` has the rows of each condition."""

    measured: str
    rates: Sequence[tuple[str, ...]]
    waits: Mapping[str, Sequence[tuple[str, ...]]]


def page(counted: Counted, **sizes: object) -> str:
    """Return the whole page; `sizes` are those of the benchmark."""
    lines = [
        _HEAD.format(**sizes),
        counted.measured,
        "",
        _RATES,
        *table(_RATES_HEAD, *counted.rates),
        "",
        _WAITS,
    ]
    for where, rows in counted.waits.items():
        lines += [f"### {where.capitalize()}", "", *table(_WAITS_HEAD, *rows), ""]
    return "\n".join(lines)


def parsed(text: str) -> Counted:
    """Return what a page was made of."""
    before, *parts = text.split("\n### ")
    measured = next(line for line in before.splitlines() if line.startswith("Measured "))
    waits = {part.partition("\n")[0].lower(): cells(part, _WAITS_HEAD[0]) for part in parts}
    return Counted(measured, cells(before, _RATES_HEAD[0]), waits)
