"""The state of one queued or running test, from the events so far."""

import anyio

from k6_mcp.analysis.measure.live import live_figures
from k6_mcp.analysis.measure.record import Record
from k6_mcp.models.outcome import Progress, RecordLine, RunEvent, Started
from k6_mcp.models.plan import RunPlan
from k6_mcp.models.run import FINAL, Run


class LiveRun:
    """The state of a run that this process owns; `done` is set once `run` is final and kept."""

    def __init__(self, run: Run, work: RunPlan) -> None:
        self.run = run
        self.work = work
        self.record = Record(work.plan.tells_scenarios)
        self.done = anyio.Event()
        self.turn = anyio.CancelScope()
        self._progress: Progress | None = None

    def take(self, event: RunEvent) -> None:
        """Take an event of the runner, in order."""
        match event:
            case RecordLine():
                self.record.feed(event.line)
            case Progress():
                self._progress = event
            case Started():
                self.run = self.run.started(event.at)

    def snapshot(self, queue_position: int | None) -> Run:
        """Return the current state of the run.

        It has live figures while the run is running, and its place in the queue while it waits.
        """
        if self.run.status == "queued":
            return self.run.with_position(queue_position)
        if self.run.status in FINAL or self.run.started_at is None:
            return self.run
        return self.run.with_live(live_figures(self.record, self._progress, self.work.plan))
