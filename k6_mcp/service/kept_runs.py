"""Answers about kept runs, one method per question."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from anyio import to_thread

from k6_mcp.advice.advise import advise
from k6_mcp.advice.advisor import Advisor
from k6_mcp.advice.choose import choose
from k6_mcp.analysis.findings import find
from k6_mcp.analysis.many.statistics import statistics
from k6_mcp.analysis.measure.phases import phases_of_run
from k6_mcp.analysis.verdict.explain import explain
from k6_mcp.errors import InvalidArguments
from k6_mcp.history.history import History
from k6_mcp.models.archive import ArchivedFiles, ExportReport, ImportReport
from k6_mcp.models.comparison import Statistics
from k6_mcp.models.findings import Advice
from k6_mcp.models.report_formats import FILE_TYPES, ReportFormat
from k6_mcp.models.run import FINAL, Notice, Run
from k6_mcp.models.service_answers import Explanation, ReportFile
from k6_mcp.models.timeline import Timeline
from k6_mcp.reports.formats import rendered, rendered_comparison
from k6_mcp.reports.run_view import RunView
from k6_mcp.service.comparison import Comparisons
from k6_mcp.service.finish import judged_again
from k6_mcp.service.gate import Gates
from k6_mcp.service.run_reader import RunReader
from k6_mcp.settings import Settings

# A report draws at most this many runs of a side.
_SHOWN_A_SIDE = 4


class KeptRuns:
    """Answers from kept runs, and from the current state of running ones; starts no traffic.

    The answers about several runs at once are those of `Comparisons` and `Gates`.
    """

    def __init__(self, runs: RunReader, history: History, settings: Settings) -> None:
        self._runs = runs
        self._history = history
        self._settings = settings
        comparisons = Comparisons(runs, history)
        gates = Gates(runs, comparisons, history)
        self.compare, self.set_baseline = comparisons.compare, comparisons.set_baseline
        self.run_or_baseline = comparisons.run_or_baseline
        self.gate, self.accept = gates.gate, gates.accept

    async def statistics(self, days: float) -> Statistics:
        """Return how tests did over the last `days`; raises HistoryUnavailable."""
        return statistics(await self._history.past(datetime.now(UTC) - timedelta(days=days)), days)

    async def explain(
        self, run_id: str, *, use_ai: bool = False, advisor: Advisor | None = None
    ) -> Explanation:
        """Return a run's verdict in words; raises UnknownRun.

        With `use_ai` a model words it too: the one in the settings, else `advisor`, the client's own.
        """
        run = await self._runs.get(run_id)
        explanation = self._explained(run, await self._runs.timeline(run))
        if not use_ai:
            return explanation
        return explanation.changed(advice=await self._advice(run, explanation, advisor))

    def _explained(self, run: Run, timeline: Timeline | None) -> Explanation:
        return explain(run, find(run, timeline, self._settings.findings), phases_of_run(run, timeline))

    async def _advice(self, run: Run, explanation: Explanation, own: Advisor | None) -> Advice:
        chosen = choose(self._settings.ai, own)
        if isinstance(chosen, str):
            return Advice(state="unavailable", reason=chosen)
        return await advise(run, explanation, chosen, self._settings.ai.timeout_s)

    async def view(self, run_id: str) -> RunView:
        """Return what reports show of a run, or what is known so far of a running one; raises UnknownRun."""
        run = await self._runs.get(run_id)
        timeline = await self._runs.timeline(run)
        return RunView(
            run=run,
            explanation=self._explained(run, timeline),
            timeline=timeline,
            generated_at=datetime.now(UTC),
            script=await self._runs.script(run) or None,
        )

    async def rendered(self, run_id: str, format: ReportFormat, baseline: str | None = None) -> bytes:
        """Return a report of a run, or of how it compares with `baseline`.

        See `Comparisons.compare`. Raises UnknownRun, ReportUnavailable.
        """
        if baseline is None:
            return await to_thread.run_sync(rendered, await self.view(run_id), format)
        comparison = await self.compare(baseline, run_id)
        views = [
            await self.view(one)
            for one in (*comparison.baseline[:_SHOWN_A_SIDE], *comparison.candidate[:_SHOWN_A_SIDE])
        ]
        return await to_thread.run_sync(rendered_comparison, comparison, views, format)

    async def report(self, run_id: str, format: ReportFormat, baseline: str | None = None) -> ReportFile:
        """Write what `rendered` returns into the run's folder; replace an earlier report.

        Raises UnknownRun, ReportUnavailable.
        """
        content, kind = await self.rendered(run_id, format, baseline), FILE_TYPES[format]
        stem = "report" if baseline is None else "comparison"
        path = await self._history.keep_report(run_id, f"{stem}.{kind.extension}", content)
        return ReportFile(format=format, path=str(path), media_type=kind.media_type, bytes=len(content))

    async def export_run(self, run_id: str, path: Path, *, alone: bool = False) -> ExportReport:
        """Write a run to one file that other machines can import.

        The file includes the other repeats of its request unless `alone`.

        Raises:
            UnknownRun: If there is no such run.
            InvalidArguments: If it has not ended.
            ArchiveUnusable: If the file cannot be written.
        """
        run = await self._runs.get(run_id)
        runs = (run,) if alone else await self._history.repeats(run_id) or (run,)
        if unfinished := [f"{each.run_id} is {each.status}" for each in runs if each.status not in FINAL]:
            raise InvalidArguments(
                *unfinished, hint="export it when it has ended: wait with get_run, or stop it"
            )
        return await self._history.archives.export(runs, path)

    async def import_run(self, path: Path, *, baseline: bool = False) -> ImportReport:
        """Keep the runs of an exported file under their own ids.

        They are judged again from the file's content and marked as not signed.

        Raises:
            ArchiveUnusable: If anything is wrong with the file.
            InvalidArguments: If they are to be the `baseline` of their test, and cannot be; they are kept all
            the same.
        """
        report = await self._history.archives.take_in(path, self._judge_again)
        runs = [await self._runs.get(run_id) for run_id in (*report.imported, *report.known)]
        if baseline:
            first = [run for run in runs if run.repeat in (None, 1)]
            set_for = [(await self.set_baseline(run.run_id)).name for run in first]
            return report.changed(baselines=tuple(set_for))
        days = self._settings.retention.days
        old = [
            run.run_id for run in runs if days and datetime.now(UTC) - run.created_at > timedelta(days=days)
        ]
        if not old:
            return report
        message = (
            f"{', '.join(old)[:500]}: older than {days:g} days, removed at the next cleanup unless it becomes"
            " a baseline"
        )
        notice = Notice(code="beyond_retention", message=message)
        return report.changed(notices=(*report.notices, notice))

    def _judge_again(self, run: Run, files: ArchivedFiles) -> Run:
        return judged_again(run, files, self._settings.findings)
