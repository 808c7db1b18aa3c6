"""The runner that executes k6 on this machine."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup
from pydantic import SecretStr

from k6_mcp.errors import K6McpError, LimitExceeded
from k6_mcp.models.outcome import Emit, Outcome, Started, StopReason
from k6_mcp.models.plan import Plan, Planned, RunPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.runners.browser import browser_environment, browser_notes
from k6_mcp.runners.browser_start import start_again
from k6_mcp.runners.command import environment, run_command
from k6_mcp.runners.cpu import LastWork
from k6_mcp.runners.execution import Execution, Stop
from k6_mcp.runners.inspect import planned_options, read_plan, too_large
from k6_mcp.runners.launcher import Inspection, Launcher
from k6_mcp.runners.logs import LogReader
from k6_mcp.runners.memory import limit
from k6_mcp.runners.parse_errors import own_url, was_parsed
from k6_mcp.runners.process import owned, wait_drained
from k6_mcp.runners.version import K6Binary, probe
from k6_mcp.threads import LARGE, in_thread_if
from k6_mcp.workspace.files import appender, keep_copy
from k6_mcp.workspace.secret_names import Secrets, masked_plan, secrets_of

if TYPE_CHECKING:
    from k6_mcp.models.service_answers import Component

# k6 has no timeout for init code.
PLAN_TIMEOUT_S = 20.0
# k6 ends with this exit code if it refuses the options of a script that it has run.
_INVALID_CONFIG = 104
_MOST_WARNINGS, _LONGEST_WARNING = 10, 300
_PLAN_BYTES = 4_000_000


class LocalRunner:
    """Runs k6 as child processes, each in its run's folder."""

    def __init__(self, launcher: Launcher, timeout_s: float = PLAN_TIMEOUT_S) -> None:
        self._plan_timeout_s = min(PLAN_TIMEOUT_S, timeout_s)
        self._launcher = launcher
        self._workspace = launcher.workspace
        # With `fast_acquire`, no other task runs before k6 is started.
        self._probing = anyio.Lock(fast_acquire=True)
        self._probed: tuple[tuple[Path, float], K6Binary] | None = None
        self._by_version: dict[str, Path] = {}
        self._stops: dict[str, Stop] = {}

    async def _probe(self, k6: Path) -> K6Binary:
        """Return the k6 at a path with its version.

        It is probed again only if the path or the file has changed.

        Raises:
            K6NotFound: If it is not a k6.
            K6TooOld: If it is older than supported.
        """
        key = (k6, _changed_at(k6))
        async with self._probing:
            if self._probed is None or self._probed[0] != key:
                binary = await probe(k6, self._launcher.version_process(k6))
                self._probed = (key, binary)
                self._by_version[binary.version] = k6
            return self._probed[1]

    async def plan(self, run_id: str, script: Script) -> Planned | Outcome:
        """Write the script to the run's folder and return k6's plan of it; see `Runner.plan`."""
        inspection = self._launcher.inspect(run_id, script)
        answers = list[Planned | Outcome | LimitExceeded]()
        async with anyio.create_task_group() as tasks:
            # This runs at the same time as the plan, because each takes a process of 20 ms.
            tasks.start_soon(self._probe_or_cancel, inspection.k6, tasks)
            answers.append(await self._plan(inspection))
            self._launcher.watchdog.keep(inspection.folder.path)
        k6 = await self._probe(inspection.k6)
        answer = answers[0] if answers else await self._plan(self._launcher.inspect(run_id, script))
        if isinstance(answer, LimitExceeded):
            raise answer
        return answer._replace(k6_version=k6.version)

    async def _probe_or_cancel(self, k6: Path, tasks: TaskGroup) -> None:
        try:
            await self._probe(k6)
        except K6McpError:
            # The next `_probe` raises the error. A binary that isn't a k6 may never end its plan.
            tasks.cancel_scope.cancel()

    async def _plan(self, inspection: Inspection) -> Planned | Outcome | LimitExceeded:
        if isinstance(inspection.child, OSError):
            return _not_started(inspection.started_at, inspection.child)
        script, folder = inspection.script, inspection.folder
        large = _is_large(script)
        output = bytearray()

        def take(chunk: bytes) -> None:
            if len(output) < _PLAN_BYTES:
                output.extend(chunk)

        exit_code: int | None = None
        async with owned(inspection.child, self._launcher.watchdog) as child:
            secrets = await in_thread_if(large, secrets_of, script)
            reader = LogReader(appender(folder.log), secrets.values, own_url(folder, script))
            work = LastWork(child.pid, self._plan_timeout_s)
            with anyio.move_on_after(self._plan_timeout_s):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(work.watch)
                    exit_code = await wait_drained(child, take, reader.feed)
                    tasks.cancel_scope.cancel()
            busy = work.busy() if exit_code is None else None
        reader.close()
        log = reader.digest(went_running=False)
        parsed = exit_code == 0 or exit_code == _INVALID_CONFIG or was_parsed(log.cause)
        await in_thread_if(large, keep_copy, folder, script, parsed=parsed)
        if exit_code == 0:
            warned = (
                message.text[:_LONGEST_WARNING] for message in log.messages if message.level == "warning"
            )
            warnings = islice(warned, _MOST_WARNINGS)
            try:
                if len(output) >= _PLAN_BYTES:
                    return too_large(f"more than {_PLAN_BYTES}")
                printed = output.decode("utf-8", errors="replace")
                return await in_thread_if(
                    large or len(printed) > LARGE, _read_planned, printed, warnings, secrets
                )
            except LimitExceeded as error:
                # The error is returned, because a task group would wrap an exception in a group.
                return error
            except ValueError as error:
                # This k6 is newer than the known versions.
                return _not_started(inspection.started_at, error)
        timed_out = exit_code is None
        return Outcome(
            exit_code=exit_code,
            phase="plan",
            busy=busy,
            stop_reason="deadline" if timed_out else None,
            killed=timed_out,
            started_at=inspection.started_at,
            ended_at=datetime.now(UTC),
            log=log,
            memory_limit=limit(inspection.allowed),
            parsed=parsed,
        )

    async def run(self, work: RunPlan, emit: Emit) -> Outcome:
        """Run the planned script to its end; see `Runner.run`."""
        folder, started = self._workspace.folder(work.run_id), datetime.now(UTC)
        stop = self._stops.setdefault(work.run_id, Stop())
        if self._workspace.stop_requested(work.run_id):
            stop.request("caller")
        try:
            if stop.reason:
                return Outcome(exit_code=None, stop_reason=stop.reason, started_at=started, ended_at=started)
            secrets = await in_thread_if(_is_large(work.script), secrets_of, work.script)
            # This is the k6 that made the plan, because the run may have waited long for its turn.
            k6 = self._by_version.get(work.k6_version) or self._launcher.find().path
            command = run_command(k6, folder, work.script, work.plan)
            planned = Planned(work.plan, work.options)
            env = {**environment(folder, work.script, planned), **self._for_browser(work.plan, folder)}
            allowed = self._launcher.allowance(planned)
            child = self._launcher.start(command, env, folder.path, allowed)
            async with owned(child, self._launcher.watchdog):
                emit(Started(at=started))
                attempt = Execution(child, folder, work, allowed, secrets, stop, emit, started)
                outcome = (await attempt.outcome())._replace(memory_limit=limit(allowed))
            return await self._with_browser_start(outcome) if attempt.lacks_browser(outcome) else outcome
        except (OSError, K6McpError) as error:
            return _not_started(started, error)
        finally:
            self._stops.pop(work.run_id, None)

    def _for_browser(self, plan: Plan, folder: RunFolder) -> Mapping[str, str]:
        return (
            browser_environment(self._launcher.browser, self._launcher.search_path, folder)
            if plan.browser
            else {}
        )

    async def _with_browser_start(self, outcome: Outcome) -> Outcome:
        """Return `outcome` with the browser's own output."""
        return outcome._replace(browser=await start_again(self._launcher))

    def stop(self, run_id: str, reason: StopReason) -> None:
        """Request a graceful end of a run; the first reason counts."""
        self._stops.setdefault(run_id, Stop()).request(reason)

    async def health(self) -> "tuple[Component, ...]":
        """Return the state of k6 and of the browser; see `Runner.health`."""
        # A process for one test saves 10 ms without this import.
        from k6_mcp.runners.health import browser_health, k6_health

        return (await k6_health(self._launcher, self._probe), await browser_health(self._launcher))

    def close(self) -> None:
        """End the remaining k6 processes; call when no run is left."""
        self._launcher.close()


def _changed_at(path: Path) -> float:
    return path.stat().st_mtime


def _is_large(script: Script) -> bool:
    return len(script.text) + sum(len(secret.get_secret_value()) for secret in script.env.values()) > LARGE


def _read_planned(printed: str, warnings: Iterable[str], secrets: Secrets) -> Planned:
    """Return the plan that k6 printed for a permitted script.

    Raises:
        ValueError: If its form is unknown.
        LimitExceeded: If it is too large.
    """
    plan = masked_plan(read_plan(printed, warnings), secrets.of_names)
    if plan.browser:
        plan = plan.changed(notes=tuple(browser_notes(plan)))
    return Planned(plan, SecretStr(planned_options(printed)))


def _not_started(started: datetime, error: Exception) -> Outcome:
    return Outcome(exit_code=None, started_at=started, ended_at=datetime.now(UTC), spawn_error=str(error))
