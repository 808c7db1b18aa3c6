"""How long load was applied.

k6 states only the time of the whole test run, with setup(), teardown() and the graceful stop in which nothing new starts.
The record says, to its interval of about one second, when load was first and last seen (`Activity`), which bounds the time
from both sides. When the planned duration lies between these bounds, the load ran as planned and that is the answer; else
(ended early, or as long as its iterations took) it is the longest time the bounds allow, within k6's run time.
"""

from k6_mcp.analysis.record import Activity, Record
from k6_mcp.models.plan import Plan


def load_seconds(record: Record, plan: Plan | None, run_s: float | None, wall_s: float) -> float:
    """Return the time load was applied in s; `run_s` is k6's test run time, `wall_s` that of the whole process."""
    run_s = run_s or record.seconds or wall_s
    activity = record.activity()
    if activity is None:
        return min(run_s, wall_s) if wall_s else run_s
    longest = min(_end(activity, record, run_s) - activity.quiet_until_s, run_s)
    shortest = max(activity.last_from_s - activity.start_by_s, 0.0)
    planned = _planned_s(plan)
    if planned is not None and shortest <= planned <= longest:
        return planned
    return max(longest, 0.0)


def _end(activity: Activity, record: Record, run_s: float) -> float:
    """A run time within the last interval with load is the exact end of it, unless VUs were created before the clock started."""
    if activity.last_from_s <= run_s <= activity.last_to_s and activity.quiet_until_s == 0.0:
        return run_s
    return activity.last_to_s


def _planned_s(plan: Plan | None) -> float | None:
    if plan is None or not plan.scenarios or any(s.iterations is not None for s in plan.scenarios):
        return None
    return plan.duration_s - min(scenario.start_s for scenario in plan.scenarios)
