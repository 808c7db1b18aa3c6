"""How long load was applied.

k6 states only the time of the whole test run, including setup(), teardown() and a graceful stop in which
nothing new starts. Also known are the planned duration, whether the plan ran to its end, and the longest
iteration (the last ones may end that long after the plan). The record shows, to its interval of about a
second, when load was first and last seen.

- An arrival-rate plan that ran to its end applied its load for exactly the planned time, unless a constant
  rate was more than the target could sustain. Then iterations piled up and went on ending in the graceful
  stop, so the time lasts until the last sign of load.
- Another plan of fixed duration that ran to its end: the run time itself, if it is explained without setup()
  and teardown(); else the planned time, or as much longer as the record proves and the longest iteration
  explains.
- Everything else (ended early, or as long as its iterations took): from the first to the last sign of load.
"""

from dataclasses import dataclass

from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.plan import Plan

# The time that k6 itself needs around the load
_START_UP_S = 0.05
# Iterations that ended this long after the plan may have been waiting in line
_PILED_UP_S = 1.0
_KEPT_UP = 0.9
_FEWEST_STARTED = 20
# The second half of a plan this long has its own intervals
_SHORTEST_PLAN_S = 4.0


@dataclass(frozen=True)
class Times:
    """Known times besides record and plan, in s.

    `run_s` is k6's test run time (None without a summary), `wall_s` the process's time. `to_the_end` is true
    if the plan ran to its end.
    """

    run_s: float | None
    wall_s: float
    longest_iteration_s: float
    to_the_end: bool


def load_seconds(record: Record, plan: Plan | None, times: Times) -> float:
    """Return the time load was applied, in s."""
    run_s = times.run_s or record.seconds or times.wall_s
    planned = _planned_s(plan)
    if planned is not None and times.to_the_end and planned <= run_s + _START_UP_S:
        return _as_planned(record, plan, planned, run_s, times.longest_iteration_s)
    return _seen(record, run_s)


def load_start_s(record: Record, plan: Plan | None) -> float:
    """Return when load began, in s since the record's start, to about half an interval.

    That is after setup() and the allocation of VUs. The first sign of load gives bounds. If a plan of fixed
    duration has ended, it also ended at most one iteration before the record did. If teardown() takes time,
    that contradicts the bounds, and only the bounds count.
    """
    activity = record.activity()
    if activity is None:
        return 0.0
    first_s = min((scenario.start_s for scenario in plan.scenarios), default=0.0) if plan else 0.0
    low, high = max(activity.start_from_s - first_s, 0.0), max(activity.start_by_s - first_s, 0.0)
    if plan and record.complete and _planned_s(plan) is not None:
        totals = record.totals()
        longest_s = totals.rows.get("iteration_duration", {}).get("max", 0.0) / 1000 if totals else 0.0
        latest = record.seconds - plan.duration_s
        since, until = max(low, latest - longest_s), min(high, latest)
        if since <= until:
            return (since + until) / 2
    return (low + high) / 2 if low > 0 else 0.0


def requests_outside(record: Record, plan: Plan | None, requests: int) -> int:
    """Return how many of `requests` came from setup() and teardown().

    k6 tags only requests of iterations with a scenario.
    """
    inside = (
        sum(record.count(f"http_reqs{{scenario:{scenario.name}}}") for scenario in plan.scenarios)
        if plan
        else 0
    )
    return requests - inside if record.complete and 0 < inside <= requests else 0


def load_failed(record: Record, outside: int) -> bool:
    """Return whether every request of a scenario failed.

    `outside` counts the requests of setup() and teardown(); without any the answer is False.
    """
    totals = record.totals()
    if totals is None or not record.complete or not outside:
        return False
    tags = [name.removeprefix("http_reqs") for name in totals.rows if name.startswith("http_reqs{scenario:")]
    return bool(tags) and all(
        totals.rows.get(f"http_req_failed{tag}", {}).get("rate", 0.0) == 1 for tag in tags
    )


def _as_planned(
    record: Record, plan: Plan | None, planned: float, run_s: float, longest_iteration_s: float
) -> float:
    if plan is not None and all(scenario.rate_per_s is not None for scenario in plan.scenarios):
        late = run_s > planned + _PILED_UP_S and _piled_up(record, plan, planned)
        return min(_seen(record, run_s), planned + longest_iteration_s) if late else planned
    if run_s <= planned + longest_iteration_s + _START_UP_S:
        return run_s
    activity = record.activity()
    proven = activity.last_from_s - activity.start_by_s if activity else 0.0
    return planned if proven <= planned else min(_seen(record, run_s), planned + longest_iteration_s)


def _piled_up(record: Record, plan: Plan, planned: float) -> bool:
    """Whether clearly fewer iterations ended than started in the second half of a constant rate.

    A target that is only slow merely delays them.
    """
    same = {(scenario.start_s, scenario.duration_s) for scenario in plan.scenarios}
    constant = all(scenario.executor == "constant-arrival-rate" for scenario in plan.scenarios)
    began = load_start_s(record, plan)
    timeline = record.timeline(load_start_s=began)
    if planned < _SHORTEST_PLAN_S or len(same) > 1 or not constant or timeline is None:
        return False
    begin = began + plan.scenarios[0].start_s + planned / 2
    ended = dropped = 0.0
    for at, (start_s, end_s) in enumerate(zip(timeline.starts_s, timeline.ends_s, strict=True)):
        within = (
            max(0.0, min(end_s, begin + planned / 2) - max(start_s, begin)) / (end_s - start_s)
            if end_s > start_s
            else 0.0
        )
        ended += within * timeline.total.iterations[at]
        dropped += within * timeline.dropped[at]
    started = sum(scenario.rate_per_s or 0.0 for scenario in plan.scenarios) * planned / 2 - dropped
    return started >= _FEWEST_STARTED and ended < _KEPT_UP * started


def _seen(record: Record, run_s: float) -> float:
    activity = record.activity()
    if activity is None:
        return run_s
    # A run time within the last interval with load is the load's exact end, unless VUs were allocated before
    # k6's clock started.
    exact = activity.last_from_s <= run_s <= activity.last_to_s and activity.start_from_s == 0.0
    end = run_s if exact else activity.last_to_s
    return max(min(end - activity.start_from_s, run_s), 0.0)


def _planned_s(plan: Plan | None) -> float | None:
    if plan is None or not plan.scenarios or any(s.iterations is not None for s in plan.scenarios):
        return None
    return plan.duration_s - min(scenario.start_s for scenario in plan.scenarios)
