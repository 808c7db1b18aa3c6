"""A comparison as Markdown for a pull request."""

from collections.abc import Iterator, Sequence

from k6_mcp.models.comparison import Comparison, MetricChange
from k6_mcp.models.wording import number, percent
from k6_mcp.reports.key_figures import milliseconds
from k6_mcp.reports.markdown_text import NONE, QUOTED, Size, code, fitting, signed, table

_CHANGES = {
    "regressed": "🔴 regressed",
    "improved": "🟢 improved",
    "no_evidence": "⚪ no evidence",
    "not_comparable": "⚪ not comparable",
}


def comparison_markdown(comparison: Comparison) -> bytes:
    """Return the comparison of two runs, side by side; UTF-8, at most `LONGEST_BYTES`."""
    return fitting(lambda size: _comparison(comparison, size))


def _comparison(comparison: Comparison, size: Size) -> Iterator[str]:
    yield f"## {_CHANGES[comparison.change]}\n"
    yield f"{code(comparison.sentence, 2 * size.text)}\n"
    yield QUOTED
    rows = [_change(row, size) for row in comparison.metrics[: size.rows]]
    columns = ("Metric", "Baseline", "Candidate", "Change", "Interval", "")
    yield from table("Metrics", columns, rows, len(comparison.metrics))
    differences = [
        (
            "🔴" if row.blocking else "",
            code(row.what, size.text),
            code(row.baseline, size.text),
            code(row.candidate, size.text),
        )
        for row in comparison.differences[: size.rows]
    ]
    columns = ("", "Difference", "Baseline", "Candidate")
    yield from table("What differs", columns, differences, len(comparison.differences))
    yield from (f"- {code(note, size.text)}" for note in comparison.notes[: size.rows])
    sides = (("Baseline", comparison.baseline), ("Candidate", comparison.candidate))
    yield from (
        f"\n{name}: {', '.join(code(run_id, 60) for run_id in ids[: size.rows])}" for name, ids in sides
    )


def _change(row: MetricChange, size: Size) -> Sequence[str]:
    interval = NONE
    if row.effect_low is not None and row.effect_high is not None:
        interval = f"{signed(row.effect_low)} to {signed(row.effect_high)}"
    effect = NONE if row.effect is None else signed(row.effect)
    values = (_value(row.baseline, row.unit), _value(row.candidate, row.unit))
    return (
        code(row.metric, size.text),
        *values,
        effect,
        interval,
        _CHANGES[row.change] + _because(row, size),
    )


def _because(row: MetricChange, size: Size) -> str:
    return f" {code(row.reason, size.text)}" if row.reason else ""


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return (
        milliseconds(value) if unit == "ms" else percent(value) if unit == "share" else f"{number(value)}/s"
    )
