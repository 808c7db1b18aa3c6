"""The runner that executes k6 on this machine."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from k6_mcp.errors import K6McpError
from k6_mcp.models.folder import RunFolder
from k6_mcp.models.outcome import Emit, Outcome, RecordLine, Started, StopReason
from k6_mcp.models.plan import HANDLE_SUMMARY_TIMEOUT_S, Plan, RunPlan
from k6_mcp.models.script import Script
from k6_mcp.redaction import credentials_in, redact_said, redact_text, with_parts
from k6_mcp.runners.child import Child, interrupt
from k6_mcp.runners.command import environment, run_command
from k6_mcp.runners.cpu import CpuWatch, usable_cores
from k6_mcp.runners.files import Tail, appender, read_shown, read_whole, seal, without_secret_names
from k6_mcp.runners.inspect import read_plan
from k6_mcp.runners.launcher import Inspection, Launcher
from k6_mcp.runners.logs import LogReader
from k6_mcp.runners.names import RecordNames, masked_plan, secrets_of_names
from k6_mcp.runners.process import owned, wait_drained
from k6_mcp.runners.stdout import StdoutReader
from k6_mcp.runners.version import K6Binary, probe

if TYPE_CHECKING:
    from k6_mcp.models.reports import Component

PLAN_TIMEOUT_S = 20.0  # init code has no timeout of its own in k6
_POLL_S = 0.25
_PLAN_BYTES = 4_000_000
_SHUTDOWN_GRACE_S = 3.0  # clients kill a server within a few seconds of asking it to stop
_LONGEST_TEARDOWN_S = 60.0
_SUMMARY_MARGIN_S = 2.0  # for k6 2.x, which ends handleSummary itself and says so
_RECORD_ENDS = '{"event":"stop"'  # k6 closes its record when load and teardown are over, right before handleSummary


class LocalRunner:
    """Runs k6 as child processes, each in its run's folder."""

    def __init__(self, launcher: Launcher, timeout_s: float = PLAN_TIMEOUT_S) -> None:
        self._plan_timeout_s = min(PLAN_TIMEOUT_S, timeout_s)
        self._launcher = launcher
        self._looking = anyio.Lock(fast_acquire=True)  # yields to nobody before k6 is started
        self._found: tuple[tuple[Path, float], K6Binary] | None = None
        self._stops: dict[str, _Stop] = {}

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
        """Return the id of the run for which k6 is making its plan of this script already, None if there is none."""
        return self._launcher.begun(script)

    async def plan(self, run_id: str, script: Script) -> Plan | Outcome:
        """Write the script to the run's folder and return k6's plan of it, or how k6 refused it; raises as `k6` does."""
        inspection, planned = self._launcher.inspect(run_id, script), list[Plan | Outcome]()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._look_at_k6, tasks)  # k6's version beside its plan: each takes a process of 20 ms
            planned.append(await self._plan(inspection))
        await self.k6()
        return planned[0] if planned else await self._plan(self._launcher.inspect(run_id, script))

    async def _look_at_k6(self, tasks: TaskGroup) -> None:
        try:
            await self.k6()
        except K6McpError:  # told by the next `k6`; what is no k6 may never end its plan
            tasks.cancel_scope.cancel()

    async def _plan(self, inspection: Inspection) -> Plan | Outcome:
        if isinstance(inspection.child, OSError):
            return _not_started(inspection.started_at, inspection.child)
        script, reader = inspection.script, LogReader(appender(inspection.folder.log), _secrets(inspection.script))
        output = bytearray()

        def take(chunk: bytes) -> None:
            if len(output) < _PLAN_BYTES:
                output.extend(chunk)

        exit_code: int | None = None
        async with owned(inspection.child, self._launcher.watchdog) as child:
            with anyio.move_on_after(self._plan_timeout_s):
                exit_code = await wait_drained(child, take, reader.feed)
        reader.close()
        log = reader.digest(went_running=False)
        if exit_code == 0:
            warnings = (message.text for message in log.messages if message.level == "warning")
            try:
                return masked_plan(read_plan(output.decode("utf-8", errors="replace"), warnings), secrets_of_names(script))
            except ValueError as error:  # a k6 newer than we know
                return _not_started(inspection.started_at, error)
        timed_out = exit_code is None
        return Outcome(
            exit_code=exit_code,
            phase="plan",
            stop_reason="deadline" if timed_out else None,
            killed=timed_out,
            started_at=inspection.started_at,
            ended_at=datetime.now(UTC),
            log=log,
        )

    async def run(self, plan: RunPlan, emit: Emit) -> Outcome:
        """Run the planned script to its end; see `Runner.run`."""
        folder, started = self.folder(plan.run_id), datetime.now(UTC)
        stop = self._stops.setdefault(plan.run_id, _Stop())
        if self.stop_requested(plan.run_id):
            stop.ask("caller")
        try:
            if stop.reason:
                return Outcome(exit_code=None, stop_reason=stop.reason, started_at=started, ended_at=started)
            command = run_command((await self.k6()).path, folder, plan.script, plan.plan)
            child = self._launcher.start(command, environment(folder, plan.script, plan.plan), folder.path)
            async with owned(child, self._launcher.watchdog):
                emit(Started(at=started))
                return await _Attempt(child, folder, plan, stop, emit, started).outcome()
        except (OSError, K6McpError) as error:
            return _not_started(started, error)
        finally:
            self._stops.pop(plan.run_id, None)

    def stop(self, run_id: str, reason: StopReason) -> None:
        """Ask a run to end gracefully; the first reason counts."""
        self._stops.setdefault(run_id, _Stop()).ask(reason)

    def discard(self, run_id: str) -> None:
        """Remove the run's folder."""
        self._launcher.discard(run_id)

    def recover(self, run_id: str, take: Callable[[str], None]) -> Outcome:
        """Return what is left of a run whose owner died; `take` gets the lines of its record."""
        folder = self.folder(run_id)
        Tail(folder.record, take).read()
        seal(folder, (), ())
        now = datetime.now(UTC)
        return Outcome(
            exit_code=None, started_at=now, ended_at=now, summary=read_whole(folder.summary), export=read_whole(folder.export)
        )

    def follow(self, run_id: str, take: Callable[[str], None]) -> Callable[[], bool]:
        """Return what gives `take` the lines that came to a run's record since the last call; see `Runner.follow`."""
        return Tail(self.folder(run_id).record, take).read

    def seal(self, run_id: str, script: Script) -> None:
        """Take the secrets out of the run's folder once the run is over; of folders elsewhere, the last few stay until `close`."""
        seal(self.folder(run_id), _secrets(script), secrets_of_names(script))
        self._launcher.elsewhere.end(run_id)
        self._launcher.held.let_go(run_id)

    def log(self, run_id: str) -> str:
        """Return k6's log of a run, empty when there is none."""
        return read_shown(self.folder(run_id).log)

    def script(self, run_id: str) -> str:
        """Return the stored script of a run without secrets, empty when there is none."""
        return redact_text(read_shown(self.folder(run_id).script))

    def request_stop(self, run_id: str) -> None:
        """Ask the process that owns the run to stop it."""
        with contextlib.suppress(OSError):
            self.folder(run_id).stop_request.touch(mode=0o600)

    def stop_requested(self, run_id: str) -> bool:
        """Return whether another process has asked to stop the run."""
        return self.folder(run_id).stop_request.exists()

    async def health(self) -> "Component":
        """Return whether k6 is there, where, and which version."""
        from k6_mcp.models.reports import Component  # not needed to run a test

        try:
            k6 = await self.k6()
        except K6McpError as error:
            return Component(name="k6", state="broken", detail="; ".join(error.reasons), hint=error.hint)
        return Component(name="k6", state="ok", detail=f"k6 {k6.version} at {k6.path}")

    def close(self) -> None:
        """End what is left of k6 and remove what is not kept; call when no run is left."""
        self._launcher.close()


class _Stop:
    """A request to stop, made at most once."""

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self.asked = anyio.Event()

    def ask(self, reason: StopReason) -> None:
        if self.reason is None:
            self.reason = reason
            self.asked.set()


class _Attempt:
    """One k6 process being watched: drained, tailed, stopped when asked or when its deadline passes."""

    def __init__(self, child: Child, folder: RunFolder, plan: RunPlan, stop: _Stop, emit: Emit, started: datetime) -> None:
        self._child = child
        self._folder = folder
        self._plan = plan
        self._stop = stop
        self._emit = emit
        self._started = started
        self._stdout = StdoutReader()
        self._log_file = appender(folder.log)
        self._secrets = _secrets(plan.script)
        self._log = LogReader(self._log_file, self._secrets)
        self._of_names = secrets_of_names(plan.script)
        self._names = RecordNames(self._of_names)
        self._tail = Tail(folder.record, self._take_record)
        self._record_ended = anyio.Event()
        self._cpu = CpuWatch(child.pid)
        self._killed = False

    async def outcome(self) -> Outcome:
        exit_code: int | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            tasks.start_soon(self._end_when_asked)
            tasks.start_soon(self._deadline)
            tasks.start_soon(self._end_handle_summary)
            exit_code = await wait_drained(self._child, self._take_stdout, self._log.feed)
            tasks.cancel_scope.cancel()
        self._tail.read()
        self._log.close()
        self._log_file(redact_said(self._stdout.text, self._secrets))
        progress = self._stdout.progress
        return Outcome(
            exit_code=exit_code,
            stop_reason=self._stop.reason,
            killed=self._killed,
            started_at=self._started,
            ended_at=datetime.now(UTC),
            summary=without_secret_names(read_whole(self._folder.summary), self._secrets, self._of_names),
            export=without_secret_names(read_whole(self._folder.export), self._secrets, self._of_names),
            log=self._log.digest(self._stdout.went_running),
            interrupted=progress.interrupted if progress else 0,
            cpu_s=self._cpu.used_s,
            cpu_wait_s=self._cpu.wait_s,
            steal_s=self._cpu.steal_s,
            cores=usable_cores(),
        )

    def _take_stdout(self, chunk: bytes) -> None:
        before = self._stdout.progress
        self._stdout.feed(chunk)
        if (progress := self._stdout.progress) is not None and progress is not before:
            self._tail.read()
            self._emit(progress)

    def _take_record(self, line: str) -> None:
        self._emit(RecordLine(line=self._names.shown(line)))
        if line.startswith(_RECORD_ENDS):
            self._record_ended.set()

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(_POLL_S)
            self._tail.read()
            if self._folder.stop_request.exists():
                self._stop.ask("caller")
            self._cpu.look()

    async def _deadline(self) -> None:
        await anyio.sleep(self._plan.deadline_s)
        self._stop.ask("handle_summary" if self._record_ended.is_set() else "deadline")

    async def _end_handle_summary(self) -> None:
        """End a handleSummary that never returns: k6 1.x would wait two minutes for it, whatever it is told."""
        await self._record_ended.wait()
        await anyio.sleep(HANDLE_SUMMARY_TIMEOUT_S + _SUMMARY_MARGIN_S)
        self._stop.ask("handle_summary")

    async def _end_when_asked(self) -> None:
        await self._stop.asked.wait()
        interrupt(self._child.pid)
        teardown_s = min(self._plan.plan.teardown_timeout_s, _LONGEST_TEARDOWN_S) if self._plan.plan.phases else 0.0
        grace_s = _SHUTDOWN_GRACE_S if self._stop.reason == "shutdown" else teardown_s + HANDLE_SUMMARY_TIMEOUT_S + 5
        await anyio.sleep(grace_s)
        self._killed = True
        self._child.kill()


def _secrets(script: Script) -> tuple[str, ...]:
    return (*with_parts(secret.get_secret_value() for secret in script.env.values()), *credentials_in(script.text))


def _not_started(started: datetime, error: Exception) -> Outcome:
    return Outcome(exit_code=None, started_at=started, ended_at=datetime.now(UTC), spawn_error=str(error))
