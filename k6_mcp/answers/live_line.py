"""A running test in one line, for progress messages and terminals."""

from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.wording import count

# What clients show of a progress message
LONGEST_LINE = 200


def live_line(run: Run) -> str:
    """Return what `run` is doing now, in one line of at most 200 characters.

    For a series, the line names the current repeat.
    """
    if (series := run.series) and run.status not in FINAL:
        return (
            f"{min(len(series.runs) + 1, series.asked)} of {series.asked}:"
            f" {live_line(run.changed(series=None))}"
        )
    if run.status == "queued":
        place = f", position {run.queue_position}" if run.queue_position else ""
        return f"queued{place}: waiting until another test on this server ends"
    if (live := run.live) is None:
        return "starting k6" if run.status == "running" else run.status
    parts = [
        f"{live.percent:.0f}%" if live.percent is not None else f"{live.elapsed_s:.0f}s",
        count(live.vus, "VU"),
        count(live.iterations, "iteration"),
        f"{live.requests_per_s:.1f} req/s" if live.requests_per_s is not None else "",
        f"p95 {live.p95_ms:.1f} ms" if live.p95_ms is not None else "",
        f"errors {live.error_rate:.1%}" if live.error_rate is not None else "",
    ]
    return ", ".join(part for part in parts if part)[:LONGEST_LINE]
