"""Prune old runs, rebuild the history and report health."""

from collections.abc import Iterator, Sequence

from k6_mcp.advice.choose import advice_health
from k6_mcp.errors import HistoryUnavailable
from k6_mcp.history.health import retention_health
from k6_mcp.history.history import History
from k6_mcp.models.history import RebuildReport
from k6_mcp.models.prune import PruneReport, RestoreReport
from k6_mcp.models.retention import Retention
from k6_mcp.models.service_answers import Component, Health, LimitsReport
from k6_mcp.runners.base import Runner
from k6_mcp.service.queue import RunQueue
from k6_mcp.service.recovery import Recovery
from k6_mcp.settings import Settings

_TIDY_AT_END_S = 2.0
_MEASURE_S = 0.3


class Maintenance:
    """Cleanup, health and repair of the service; nothing here is about one test."""

    def __init__(
        self,
        runner: Runner,
        queue: RunQueue,
        history: History,
        settings: Settings,
        recovery: Recovery,
    ) -> None:
        self._runner = runner
        self._queue = queue
        self._history = history
        self._settings = settings
        self._recovery = recovery

    async def health(self) -> Health:
        """Return whether tests can run here and what is running."""
        components = (
            *await self._runner.health(),
            *await self._history.health(),
            await self._retention_health(),
            advice_health(self._settings.ai),
            *_misspelled(self._settings.unknown),
        )
        caps = self._settings.limits
        return Health(
            ok=not any(component.state == "broken" for component in components),
            components=components,
            limits=LimitsReport(
                max_concurrent_runs=caps.max_concurrent_runs,
                max_vus=caps.max_vus,
                max_duration_s=caps.max_duration_s,
                max_rps=caps.max_rps,
                max_script_bytes=caps.max_script_bytes,
                timeout_s=self._settings.timeout_s,
                script_dirs=tuple(map(str, caps.script_dirs)),
            ),
            running=self._queue.ids("running"),
            queued=self._queue.ids("queued"),
        )

    async def rebuild(self) -> RebuildReport:
        """Restore the history from the runs' folders. Raises HistoryUnavailable."""
        return await self._history.rebuild()

    async def prune(
        self,
        limits: Retention | None = None,
        *,
        dry_run: bool = False,
        by_clock: bool = False,
        for_good: bool = False,
    ) -> PruneReport:
        """Remove the runs beyond `limits` (default: the settings), or only list them.

        See `Cleanup.prune`. Raises HistoryUnavailable.
        """
        await self._recovery.done()
        limits = (
            limits._replace(trash_days=self._settings.retention.trash_days)
            if limits
            else self._settings.retention
        )
        return await self._history.cleanup.prune(
            limits, dry_run=dry_run, by_clock=by_clock, for_good=for_good
        )

    async def restore(self, run_ids: Sequence[str] | None = None) -> RestoreReport:
        """Restore removed runs from the trash, all without `run_ids`. Raises HistoryUnavailable."""
        return await self._history.cleanup.restore(run_ids)

    async def tidy(self) -> None:
        """Spend a short time on removing old runs if that is due; never raise.

        This is for callers that leave before the periodic cleanup would run.
        """
        await self._history.cleanup.tidy(self._settings.retention, _TIDY_AT_END_S)

    async def tidy_when_idle(self) -> None:
        """Remove old runs whenever that is due and no test is queued or running here, until cancelled."""
        while True:
            ended = self._queue.ended
            await self._queue.idle()
            await self._history.cleanup.tidy(self._settings.retention)
            await ended.wait()

    async def _retention_health(self) -> Component:
        limits = self._settings.retention
        try:
            cleanup = self._history.cleanup
            space, trash = await cleanup.space(_MEASURE_S), await cleanup.trash(limits)
            return retention_health(limits, space, trash, (await cleanup.witness()).ahead_us)
        except HistoryUnavailable as error:
            return retention_health(limits, None, hint=error.hint or "")


def _misspelled(warnings: Sequence[str]) -> Iterator[Component]:
    """Yield the variables of the environment that look like misspelled settings."""
    if warnings:
        hint = "correct or remove these variables in the server's environment and start it again"
        yield Component(name="settings", state="degraded", detail=". ".join(warnings), hint=hint)
