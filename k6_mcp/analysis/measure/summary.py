"""From what k6 left behind to `Metrics`: the exact summary if it can be trusted, else the record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from k6_mcp.analysis.measure.breakdown import Breakdown, Rows, count_of, values_of
from k6_mcp.analysis.measure.browser import browser_figures
from k6_mcp.analysis.measure.endpoints import endpoints
from k6_mcp.analysis.measure.failures import left_out, unjudged, with_all_failures
from k6_mcp.analysis.measure.figures import Basis, generator, key_figures
from k6_mcp.analysis.measure.load import Times, load_failed, load_seconds, requests_outside
from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.record_check import contradiction
from k6_mcp.analysis.measure.setup_requests import setup_in_latency
from k6_mcp.analysis.measure.sources import Measured, read_export, read_summary, record_rows
from k6_mcp.analysis.measure.thresholds import Evidence, Judged, Key, aborted_early, judge_thresholds
from k6_mcp.analysis.measure.witnesses import contradictions
from k6_mcp.models.exit_codes import RAN_TO_THE_END
from k6_mcp.models.metrics import CheckResult, Metrics, Source
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan
from k6_mcp.models.wording import count, few


@dataclass(frozen=True)
class _Chosen:
    source: Source
    rows: Rows
    measured: Measured | None
    warnings: tuple[str, ...] = ()


def read(outcome: Outcome, record: Record, plan: Plan | None) -> Metrics:
    """Return everything measured in a run; each warning begins with a stable code and a colon."""
    chosen, recorded = _choose(outcome, record), record_rows(record)
    k6s_rows = chosen.rows
    breakdown = Breakdown.of(k6s_rows, recorded, chosen.measured.observed if chosen.measured else None)
    more = left_out(k6s_rows, recorded, breakdown)
    chosen = replace(chosen, rows=with_all_failures(k6s_rows, breakdown.requests, more))
    judged = _thresholds(outcome, record, plan, chosen)
    times = _times(outcome, record, chosen)
    outside = requests_outside(record, plan, breakdown.requests)
    basis = Basis(
        load_seconds(record, plan, times),
        times.wall_s,
        outside,
        record.most_vus,
        load_failed(record, outside),
    )
    figures = key_figures(chosen.rows, breakdown, outcome, basis)
    observed = chosen.measured.observed if chosen.measured else None
    table = endpoints(chosen.rows, observed, figures)
    return Metrics(
        source=chosen.source,
        exact=chosen.measured is not None,
        figures=figures,
        thresholds=judged.results,
        checks=_checks(chosen),
        errors=breakdown.errors,
        statuses=breakdown.statuses,
        websockets=breakdown.websockets,
        grpc=breakdown.grpc,
        endpoints=table.figures,
        endpoints_note=table.note,
        browser=browser_figures(chosen.rows, observed, basis.load_s),
        samples=outcome.log.samples,
        generator=generator(outcome),
        rows=tuple(k6s_rows[name] for name in sorted(k6s_rows)),
        warnings=(
            *chosen.warnings,
            *_contradictions(outcome, record, k6s_rows, breakdown, chosen.source),
            *_stood_still(outcome, record),
            *_unverified(outcome, record, chosen.source),
            *_failures(more, unjudged(k6s_rows, breakdown.requests), breakdown.requests),
            *setup_in_latency(record, plan, figures),
            *_warnings(chosen, breakdown, judged),
        ),
    )


def _choose(outcome: Outcome, record: Record) -> _Chosen:
    doubts: list[str] = []
    candidates: tuple[tuple[Source, Measured | None], ...] = (
        ("summary", read_summary(outcome.summary)),
        ("export", read_export(outcome.export, record)),
    )
    for source, measured in candidates:
        if measured is None:
            continue
        if (doubt := contradiction(measured, record)) is None:
            return _Chosen(source, measured.rows, measured, tuple(doubts))
        doubts.append(
            f"summary_contradicted: k6's {source} file contradicts its time series ({doubt}); it was not used"
        )
    rows = record_rows(record)
    if not rows:
        return _Chosen("none", {}, None, tuple(doubts))
    without = _WITHOUT_GRPC if "grpc_req_duration" in rows else ""
    return _Chosen("record", rows, None, (*doubts, _FROM_RECORD + without, *_cut_short(outcome, record)))


def _cut_short(outcome: Outcome, record: Record) -> Iterator[str]:
    """Warn if k6 went on after its time series ended: the disk was full, or the file was removed."""
    wall_s = (outcome.ended_at - outcome.started_at).total_seconds()
    if not record.complete and (
        wall_s - record.seconds > _USUAL_LAG_S or outcome.exit_code in RAN_TO_THE_END
    ):
        yield (
            f"figures_incomplete: k6 ran for {wall_s:.1f} s, but its time series, and with it the figures,"
            f" ends at {record.seconds:.1f} s"
        )


def _contradictions(
    outcome: Outcome, record: Record, rows: Rows, breakdown: Breakdown, source: Source
) -> Iterator[str]:
    """Warn if the figures of a run that ran to its end contradict each other."""
    whole = source in ("summary", "export") or record.complete
    if (
        outcome.exit_code in RAN_TO_THE_END
        and whole
        and (problems := [*contradictions(rows, breakdown, outcome)])
    ):
        yield f"figures_contradicted: {few(problems, 2)}"


def _unverified(outcome: Outcome, record: Record, source: Source) -> Iterator[str]:
    """Warn if the summary of a completed run could not be compared with a whole time series."""
    if source not in ("summary", "export") or outcome.exit_code not in RAN_TO_THE_END:
        return
    state = (
        f"has {count(record.damaged, 'line')} that cannot be read"
        if record.damaged
        else f"ends at {record.seconds:.1f} s"
    )
    if record.damaged or not record.complete:
        yield (
            f"figures_unverified: k6's time series {state}, so its summary was checked against less than"
            " usual; nothing contradicts it"
        )


def _stood_still(outcome: Outcome, record: Record) -> Iterator[str]:
    """Warn if k6 wrote nothing for a long time.

    A pause that was observed explains it better and has its own warning.
    """
    if (gap := record.stood_still) is None or outcome.paused_s > gap[1] - gap[0] - _LATE_STOP_S:
        return
    yield (
        f"generator_stood_still: k6 wrote no figures from {gap[0]:.1f} to {gap[1]:.1f} s, although it"
        " writes them every second: it or the whole machine was held up or frozen, or its clock was changed;"
        " there was less load in that time, and requests in flight seem slow"
    )


def _failures(more: int, unjudged: int, requests: int) -> Iterator[str]:
    why = (
        f"the script tells k6 not to judge {unjudged} of {requests} requests as failed or not"
        " (responseCallback null)"
    )
    if more:
        why = why if unjudged else "the script tells k6 to expect requests without an answer (status 0)"
        yield (
            f"failures_left_out: k6's http_req_failed leaves out {count(more, 'failed request')}, because"
            f" {why}; here they count as failed"
        )
    elif unjudged:
        yield f"failures_left_out: {why}"


# The series has one point per second, and k6 needs a moment to start and to end
_USUAL_LAG_S = 2.5
# How far apart two clocks may be that saw the same stop
_LATE_STOP_S = 2.0
_FROM_RECORD = (
    "figures_from_record: k6 left no usable end-of-test summary, so figures come from its time series: up to"
    " the last second, fractions to five digits, HTTP statuses from 400 on"
)
_WITHOUT_GRPC = "; it has no statuses of gRPC calls"


def _checks(chosen: _Chosen) -> tuple[CheckResult, ...]:
    """Return the checks by name, none if they do not add up to k6's `checks` metric."""
    if chosen.measured is None:
        return ()
    values, checks = values_of(chosen.rows, "checks"), chosen.measured.checks
    passes, fails = sum(c.passes for c in checks), sum(c.fails for c in checks)
    return checks if (passes, fails) == (values.get("passes", 0.0), values.get("fails", 0.0)) else ()


def _times(outcome: Outcome, record: Record, chosen: _Chosen) -> Times:
    watched_s = (outcome.ended_at - outcome.started_at).total_seconds()
    return Times(
        run_s=chosen.measured.run_s if chosen.measured else None,
        # The time of a run whose server died was not watched to its end
        wall_s=watched_s if watched_s > 0 else record.seconds,
        longest_iteration_s=values_of(chosen.rows, "iteration_duration").get("max", 0.0) / 1000,
        to_the_end=(outcome.exit_code in RAN_TO_THE_END or outcome.stop_reason == "handle_summary")
        and not aborted_early(outcome.log.cause),
    )


def _thresholds(outcome: Outcome, record: Record, plan: Plan | None, chosen: _Chosen) -> Judged:
    k6_says: Mapping[Key, bool] = chosen.measured.k6_says if chosen.measured else {}
    planned = (
        [(_as_k6_names(threshold.metric), threshold.expression) for threshold in plan.thresholds]
        if plan
        else []
    )
    totals = record.totals()
    evidence = Evidence(
        rows=chosen.rows,
        k6_says=k6_says,
        cause=outcome.log.cause,
        measured=totals.rows.keys() if totals else (),
        complete=chosen.measured is not None,
    )
    return judge_thresholds([*planned, *k6_says], evidence)


def _as_k6_names(metric: str) -> str:
    """Return k6's name for the sub-metric of a threshold: without blanks inside its braces."""
    base, brace, tags = metric.partition("{")
    return f"{base}{{{tags.removesuffix('}').strip()}}}" if brace else metric


def _warnings(chosen: _Chosen, breakdown: Breakdown, judged: Judged) -> Iterator[str]:
    by_status = sum(status.count for status in breakdown.statuses)
    if by_status != breakdown.requests and chosen.measured:
        yield (
            f"statuses_incomplete: {by_status} of {breakdown.requests} requests are broken down by HTTP"
            " status; the others had an unusual one (below 400, or from 600 on), the script's systemTags"
            " omit it, or k6 recorded less"
        )
    if chosen.measured and not breakdown.grpc and (calls := count_of(chosen.rows, "grpc_req_duration")):
        yield (
            f"statuses_incomplete: {count(calls, 'gRPC call')} not broken down by status: the summary"
            " with the statuses is missing"
        )
    if judged.unjudged:
        yield (
            "thresholds_not_judged: no data for"
            f" {few(f'{metric} {expression}' for metric, expression in judged.unjudged)}"
        )
    if chosen.measured and chosen.measured.not_finite:
        yield (
            f"not_finite: {few(chosen.measured.not_finite)} took values that are not finite numbers, which"
            " JSON cannot represent"
        )
    values = values_of(chosen.rows, "checks")
    total, listed = (
        values.get("passes", 0.0) + values.get("fails", 0.0),
        sum(c.passes + c.fails for c in _checks(chosen)),
    )
    if total != listed:
        yield (
            f"checks_incomplete: {total:.0f} checks were made, but {listed} are listed by name; the script's"
            " systemTags omit the name"
        )
