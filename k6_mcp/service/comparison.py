"""Choose the runs of a comparison, by id or by the name of a test, with their repeats and earlier runs."""

from collections.abc import Sequence
from datetime import UTC, datetime

from anyio import to_thread

from k6_mcp.analysis.compare.compare import compare
from k6_mcp.analysis.compare.differences import blocking, differences
from k6_mcp.analysis.compare.noise import ENOUGH_HISTORY
from k6_mcp.analysis.compare.side import Side, no_baseline, no_example
from k6_mcp.errors import InvalidArguments
from k6_mcp.history.history import History
from k6_mcp.models.comparison import Baseline, Comparison
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import FINAL, Run
from k6_mcp.models.run_id import RUN_ID
from k6_mcp.service.run_reader import RunReader

_EARLIER_RUNS = 20
_LOOKED_AT = 40


class Comparisons:
    """Finds the two sides and compares them; keeps baselines."""

    def __init__(self, runs: RunReader, history: History) -> None:
        self._runs = runs
        self._history = history

    async def compare(self, baseline: str, candidate: str | None = None) -> Comparison:
        """Compare two runs with their repeats, each given by its id or by the name of its test.

        As `baseline` a name means the baseline that was set for it, as `candidate` its latest run; without
        `candidate` it is the latest run of the baseline's test.

        Raises:
            UnknownRun: If there is no such run.
            InvalidArguments: If a name has no baseline or no run, or both sides are the same.
        """
        first = await self._repeats(await self.run_or_baseline(baseline))
        known = {run.run_id for run in first}
        second = await self._repeats(await self._candidate_id(baseline, candidate, first[0], known))
        if known & {run.run_id for run in second}:
            hint = "give the ids of two runs, or run the test again and compare it then"
            raise InvalidArguments(
                "baseline and candidate are the same run, or repeats of one request", hint=hint
            )
        earlier = await self._earlier(first[0], second[0], known | {run.run_id for run in second})
        return await to_thread.run_sync(compare, await self._sides(first), await self._sides(second), earlier)

    async def set_baseline(self, run_id: str, name: str | None = None) -> Baseline:
        """Make a run, with its repeats, the baseline that later runs are compared with.

        The baseline is that of the test `name` (default: the run's own name).

        Raises:
            UnknownRun: If there is no such run.
            InvalidArguments: If it stands for no whole test, or has no name and none is given.
            HistoryUnavailable: If the baseline cannot be kept.
        """
        run = await self._runs.get(run_id)
        if reason := no_baseline(run):
            hint = (
                "choose a run that completed, or whose only fault is a crossed threshold; get_history lists"
                " them"
            )
            raise InvalidArguments(f"run_id: {run_id} cannot be a baseline: {reason}", hint=hint)
        if not (name := name or run.name):
            raise InvalidArguments(
                "name: the run has none", hint="give the name of the test that it is the baseline of"
            )
        baseline = Baseline(name=name, run_id=run_id, set_at=datetime.now(UTC))
        await self._history.set_baseline(baseline)
        return baseline

    async def run_or_baseline(self, word: str) -> str:
        """Return `word` if it is a run id, otherwise the baseline of the test with that name.

        Raises:
            InvalidArguments: If there is no such baseline.
        """
        if RUN_ID.match(word):
            return word
        if baseline := (await self._history.baselines()).get(word):
            return baseline.run_id
        hint = (
            "give the id of a run (get_history lists them), or set_baseline with the id of a good run of that"
            " test"
        )
        raise InvalidArguments(
            f"{word[:120]!r} is not a run id, and no baseline is set for a test of that name", hint=hint
        )

    async def _candidate_id(self, baseline: str, candidate: str | None, first: Run, known: set[str]) -> str:
        if candidate is not None and RUN_ID.match(candidate):
            return candidate
        name = candidate or (first.name if RUN_ID.match(baseline) else baseline)
        if not name:
            hint = "give a run id as candidate; tests with a name need none"
            raise InvalidArguments(
                "candidate: the baseline's test has no name to find its latest run by", hint=hint
            )
        since = first.created_at if name == first.name or candidate is None else None
        page = await self._history.page(HistoryQuery(name=name, since=since, limit=_LOOKED_AT))
        for run in page.runs:
            if run.status in FINAL and run.run_id not in known:
                return run.run_id
        hint = "run the test with this name first, or give a run id as candidate"
        raise InvalidArguments(
            f"candidate: no ended run of the test {name[:120]!r} since the baseline", hint=hint
        )

    async def _repeats(self, run_id: str) -> Sequence[Run]:
        run = await self._runs.get(run_id)
        if run.repeat_of is None:
            return (run,)
        return await self._history.repeats(run_id) or (run,)

    async def _sides(self, runs: Sequence[Run]) -> list[Side]:
        return [Side(run, await self._runs.timeline(run)) for run in runs]

    async def _earlier(self, baseline: Run, candidate: Run, without: set[str]) -> Sequence[Run]:
        """Return the last runs of the same test, oldest first; they show how much the test varies.

        Only runs before the later side count, so that later runs do not change the answer. Only completed
        ones count if there are enough, so that a bad week of the target is not taken for noise.
        """
        if not baseline.name and not baseline.asked.url:
            return ()
        until = max(baseline.created_at, candidate.created_at)
        url = None if baseline.name else baseline.asked.url
        query = HistoryQuery(name=baseline.name, url=url, until=until, limit=_LOOKED_AT)
        found: list[Run] = []
        for brief in (await self._history.page(query)).runs:
            if brief.run_id in without or no_example(brief):
                continue
            # Pages of runs leave out the plan.
            run = await self._history.get(brief.run_id)
            if run is not None and no_example(run) is None and not blocking(differences(baseline, run)):
                found.append(run)
        completed = [run for run in found if run.status == "completed"]
        return (completed if len(completed) >= ENOUGH_HISTORY else found)[:_EARLIER_RUNS][::-1]
