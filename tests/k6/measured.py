"""Runs a script with the real runner alone and keeps everything it left behind.

Tests compare the figures with k6's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.summary import read
from k6_mcp.models.metrics import Metrics
from k6_mcp.models.outcome import Outcome, Progress, RecordLine, RunEvent
from k6_mcp.models.plan import Plan, Planned, RunPlan
from k6_mcp.models.request import LoadTest
from k6_mcp.models.script import Script
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.scripts.wrapper import wrapper_files
from k6_mcp.workspace.workspace import Workspace

_RUN_ID = "r-1"
_DEADLINE_S = 60.0
_BARE_WRAPPER = """
import * as user from './user.js';
export * from './user.js';
const main = user.default;
export { main as default };
export function handleSummary(data) { return { 'k6-mcp-summary.json': JSON.stringify(data) }; }
"""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run of k6 left behind."""

    outcome: Outcome
    plan: Plan
    lines: tuple[str, ...]

    @property
    def record(self) -> Record:
        """Return the time series, read again."""
        reader = Record()
        for line in self.lines:
            reader.feed(line)
        return reader

    def metrics(self, **outcome: str | None) -> Metrics:
        """Return the figures, with parts of the outcome replaced."""
        return read(self.outcome._replace(**outcome), self.record, self.plan)


async def measure(
    k6: str,
    folder: Path,
    script: str,
    when: Callable[[LocalRunner, RunEvent, Record], None] | None = None,
    *,
    as_it_is: bool = False,
) -> Measurement:
    """Run `script` to its end; `when` sees each event and the record so far, and may stop the run `_RUN_ID`.

    `as_it_is` leaves its options to the script, also where our wrapper would change them.
    """
    runner, lines, record = LocalRunner(Launcher(Workspace(folder), k6, "")), list[str](), Record()
    wrapper = {"_main.js": _BARE_WRAPPER} if as_it_is else wrapper_files(LoadTest(script=script), "./user.js")
    source = Script(
        origin="text", text=script, sha256="", files={"user.js": script, **wrapper}, entry="_main.js"
    )

    def emit(event: RunEvent) -> None:
        if isinstance(event, RecordLine):
            lines.append(event.line)
            record.feed(event.line)
        if when is not None:
            when(runner, event, record)

    try:
        planned = await runner.plan(_RUN_ID, source)
        assert isinstance(planned, Planned), planned
        outcome = await runner.run(
            RunPlan(_RUN_ID, source, planned.plan, planned.options, "", _DEADLINE_S), emit
        )
    finally:
        runner.close()
    return Measurement(outcome, planned.plan, tuple(lines))


def stop_after(seconds: float) -> Callable[[LocalRunner, RunEvent, Record], None]:
    """Stop the run when k6 says that it has run for so long."""

    def when(runner: LocalRunner, event: RunEvent, record: Record) -> None:
        if isinstance(event, Progress) and event.elapsed_s >= seconds and record.totals() is not None:
            runner.stop(_RUN_ID, "caller")

    return when
