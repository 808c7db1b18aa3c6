"""What get_run says of a run over time: columns of at most 60 points and a table of phases, within one
answer's budget.
"""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from k6_mcp.analysis.measure.phases import phases_of_run
from k6_mcp.analysis.measure.shorter_timelines import condense, ever_smaller
from k6_mcp.answers.budget import Json, as_json, compact, first_fitting, with_mark
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.timeline import Numbers, Phase, Series, Timeline
from k6_mcp.models.wording import cut

_POINTS = (60, 40, 24, 12)
_MOST_PHASES = 20
_MOST_CODES = 8
_MOST_SCENARIOS = 6
_MOST_BYTES = 1_000_000
_NAME = 40
_PHASE_COLUMNS = (
    "scenario",
    "asked",
    "from_s",
    "to_s",
    "asked_rate_per_s",
    "asked_vus",
    "iterations_per_s",
    "requests_per_s",
)
_PHASE_FIGURES = ("p95_ms", "error_rate", "dropped")


def timeline_answer(run: Run, timeline: Timeline | None) -> Json:
    """Return a run over time; neighbouring intervals are merged until it fits."""
    heading: Json = {"run_id": run.run_id, "status": run.status}
    if timeline is None or not timeline.ends_s:
        why = (
            "nothing is recorded yet; call again"
            if run.status not in FINAL
            else "k6 recorded nothing, or its timeline is damaged"
        )
        return {**heading, "note": why}
    return first_fitting(_versions(heading, run, timeline))


def _versions(heading: Json, run: Run, timeline: Timeline) -> Iterator[Json]:
    """Yield the answer with ever fewer points, each time also without the scenarios."""
    phases = phases_of_run(run, timeline)
    shown = timeline.changed(scenarios=timeline.scenarios[:_MOST_SCENARIOS])
    for points in _POINTS:
        shown = condense(shown, points)
        answer: Json = {
            **heading,
            "timeline": _columns(shown),
            **({"scenarios": dict(_scenarios(shown))} if shown.scenarios else {}),
            "phases": _table(phases[:_MOST_PHASES]),
            "note": " ".join(_notes(run, timeline, shown, len(phases))),
        }
        yield answer
        yield {name: value for name, value in answer.items() if name != "scenarios"}


def whole_timeline(run: Run, timeline: Timeline) -> str:
    """Return the whole timeline and the phases as JSON; a very long one with fewer digits, then with merged
    intervals.
    """
    phases: list[JsonValue] = [as_json(phase) for phase in phases_of_run(run, timeline)]
    text = ""
    for version in ever_smaller(timeline):
        text = compact(with_mark({**version.model_dump(mode="json"), "phases": phases}))
        if len(text) <= _MOST_BYTES:
            break
    return text


def _columns(timeline: Timeline) -> Json:
    spans, total = timeline.spans_s, timeline.total
    columns: Json = {
        "to_s": [round(end, 1) if end >= 1 else round(end, 3) for end in timeline.ends_s],
        "requests": [*total.requests],
        "requests_per_s": _rates(total.requests, spans),
        "iterations_per_s": _rates(total.iterations, spans),
        **_latency(total),
        "failed": [*total.failed],
        "vus": [*timeline.vus],
    }
    if any(timeline.dropped):
        columns["dropped"] = [*timeline.dropped]
    if any(timeline.unanswered):
        columns["unanswered"] = [*timeline.unanswered]
    if timeline.errors:
        columns["errors"] = {
            str(error.code) if error.code else "other": [*error.counts]
            for error in timeline.errors[:_MOST_CODES]
        }
    return columns


def _scenarios(timeline: Timeline) -> Iterator[tuple[str, JsonValue]]:
    for scenario in timeline.scenarios:
        series = scenario.series
        yield (
            cut(scenario.name, _NAME),
            {"requests": [*series.requests], "p95_ms": _read(series.p95_ms), "failed": [*series.failed]},
        )


def _latency(series: Series) -> Json:
    return {
        "p50_ms": _read(series.p50_ms),
        "p95_ms": _read(series.p95_ms),
        "p99_ms": _read(series.p99_ms),
        "max_ms": _read(series.max_ms),
    }


def _rates(counts: Sequence[int], spans_s: Numbers) -> list[JsonValue]:
    return _read([count / span if span else None for count, span in zip(counts, spans_s, strict=True)])


def _read(values: Sequence[float | None]) -> list[JsonValue]:
    """Figures as they can be read: three significant digits."""
    return [None if value is None else _digits(value) for value in values]


def _digits(value: float) -> float:
    rounded = float(f"{value:.3g}")
    return int(rounded) if rounded == int(rounded) else rounded


def _table(phases: Sequence[Phase]) -> Json:
    rows: list[JsonValue] = []
    for phase in phases:
        asked: list[JsonValue] = [
            cut(phase.scenario, _NAME),
            phase.label,
            round(phase.start_s, 1),
            round(phase.end_s, 1),
        ]
        load = (phase.asked_rate_per_s, phase.asked_vus, phase.iterations_per_s, phase.requests_per_s)
        figures = (phase.p95_ms, phase.error_rate, phase.dropped)
        rows.append([*asked, *_read(load), *_read(figures)])
    return {"columns": [*_PHASE_COLUMNS, *_PHASE_FIGURES], "rows": rows}


def _notes(run: Run, timeline: Timeline, shown: Timeline, phases: int) -> Iterator[str]:
    if len(shown.ends_s) < len(timeline.ends_s):
        yield (
            f"{len(timeline.ends_s)} intervals merged into {len(shown.ends_s)}: counts summed, percentiles"
            " estimated."
        )
    elif timeline.estimated:
        yield "Percentiles of intervals with unanswered requests are estimated without those."
    if shown.rest and len(shown.ends_s) == len(timeline.ends_s):
        yield "The last interval has counts only."
    if phases > _MOST_PHASES:
        yield f"{phases - _MOST_PHASES} more phases are left out."
    if run.status not in FINAL:
        yield "Still running: call again for more."
    yield f"Everything: k6://runs/{run.run_id}/timeline"
