"""Watch one k6 process from its start to its outcome."""

from datetime import UTC, datetime

import anyio

from k6_mcp.models.browser import BROWSER_MISSING, BROWSER_NOT_STARTED, BROWSER_STARTING
from k6_mcp.models.outcome import Emit, LogDigest, Outcome, RecordLine, StopReason
from k6_mcp.models.plan import HANDLE_SUMMARY_TIMEOUT_S, RunPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.redaction import redact_said
from k6_mcp.runners.child_process import Child, interrupt
from k6_mcp.runners.cpu import CpuWatch, usable_cores
from k6_mcp.runners.logs import LogReader
from k6_mcp.runners.memory import OF_K6_ITSELF_MB, Allowance
from k6_mcp.runners.parse_errors import own_url
from k6_mcp.runners.process import wait_drained
from k6_mcp.runners.stdout import StdoutReader
from k6_mcp.threads import LARGE, in_thread_if
from k6_mcp.workspace.files import Tail, appender, read_whole, without_secret_names
from k6_mcp.workspace.secret_names import RecordNames, Secrets

_POLL_S = 0.25
# Clients kill a server a few seconds after they request its end.
_SHUTDOWN_GRACE_S = 3.0
_LONGEST_TEARDOWN_S = 60.0
# k6 2.x needs this time to end handleSummary itself and to log it.
_SUMMARY_MARGIN_S = 2.0
# k6 closes its record when load and teardown are over, right before handleSummary.
_RECORD_ENDS = '{"event":"stop"'


class Stop:
    """A request to stop, made at most once."""

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self.requested = anyio.Event()

    def request(self, reason: StopReason) -> None:
        """Request the end; the first reason counts."""
        if self.reason is None:
            self.reason = reason
            self.requested.set()


class Execution:
    """Watches one k6 process: drains and tails it, and stops it on request or when its deadline passes."""

    def __init__(
        self,
        child: Child,
        folder: RunFolder,
        work: RunPlan,
        allowed: Allowance,
        secrets: Secrets,
        stop: Stop,
        emit: Emit,
        started: datetime,
    ) -> None:
        self._child = child
        self._folder = folder
        self._plan, self._deadline_s = work.plan, work.deadline_s
        self._stop = stop
        self._emit = emit
        self._started = started
        self._stdout = StdoutReader()
        self._log_file = appender(folder.log)
        self._secrets, self._of_names = secrets
        self._log = LogReader(self._log_file, self._secrets, own_url(folder, work.script))
        self._names = RecordNames(self._of_names)
        self._tail = Tail(folder.record, self._take_record)
        self._record_ended = anyio.Event()
        self._cpu = CpuWatch(child.pid)
        self._watched_mb = allowed.memory_mb if allowed.address_space_kb is None else None
        self._needed_more = False
        self._killed = False

    async def outcome(self) -> Outcome:
        """Follow the process to its end and return its outcome."""
        exit_code: int | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            tasks.start_soon(self._end_on_request)
            tasks.start_soon(self._deadline)
            tasks.start_soon(self._end_handle_summary)
            exit_code = await wait_drained(self._child, self._take_stdout, self._log.feed)
            tasks.cancel_scope.cancel()
        self._tail.read()
        self._log.close()
        text = self._stdout.text
        self._log_file(await in_thread_if(len(text) > LARGE, redact_said, text, self._secrets))
        summary, export = await self._figures()
        progress = self._stdout.progress
        return Outcome(
            exit_code=exit_code,
            stop_reason=self._stop.reason,
            killed=self._killed,
            started_at=self._started,
            ended_at=datetime.now(UTC),
            summary=summary,
            export=export,
            log=self._digest(),
            completed=progress.iterations if progress else None,
            interrupted=progress.interrupted if progress else 0,
            paused_s=self._cpu.paused_s,
            cpu_s=self._cpu.used_s,
            cpu_wait_s=self._cpu.wait_s,
            steal_s=self._cpu.steal_s,
            cores=usable_cores(),
        )

    def _digest(self) -> LogDigest:
        digest = self._log.digest(self._stdout.went_running)
        return digest._replace(out_of_memory=True) if self._needed_more else digest

    async def _figures(self) -> tuple[str | None, str | None]:
        """Return k6's own summaries; with thousands of metrics they are long."""
        found = [read_whole(self._folder.summary), read_whole(self._folder.export)]
        large = any(len(text or "") > LARGE for text in found)
        summary, export = [
            await in_thread_if(large, without_secret_names, text, self._secrets, self._of_names)
            for text in found
        ]
        return summary, export

    def lacks_browser(self, outcome: Outcome) -> bool:
        """Return whether k6 could not start a browser, or the test ended before one had started."""
        if BROWSER_NOT_STARTED in (outcome.log.cause or ""):
            return True
        if not self._plan.browser or outcome.stop_reason:
            return False
        done = self._stdout.progress.iterations if self._stdout.progress else 0
        signs = (BROWSER_MISSING,) if done else (BROWSER_MISSING, BROWSER_STARTING)
        return any(sign in message.text for message in outcome.log.messages for sign in signs)

    def _take_stdout(self, chunk: bytes) -> None:
        before = self._stdout.progress
        self._stdout.feed(chunk)
        if (progress := self._stdout.progress) is not None and progress is not before:
            self._tail.read()
            self._emit(progress)
            if progress.max_vus > self._plan.max_vus and not self._record_ended.is_set():
                self._stop.request("unplanned")

    def _take_record(self, line: str) -> None:
        self._emit(RecordLine(line=self._names.shown(line)))
        if line.startswith(_RECORD_ENDS):
            self._record_ended.set()

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(_POLL_S)
            self._tail.read()
            if self._folder.stop_request.exists():
                self._stop.request("caller")
            self._cpu.look()
            if self._watched_mb is not None and self._cpu.resident_mb > self._watched_mb + OF_K6_ITSELF_MB:
                self._needed_more = True
                self._child.kill()

    async def _deadline(self) -> None:
        await anyio.sleep(self._deadline_s)
        self._stop.request("handle_summary" if self._record_ended.is_set() else "deadline")

    async def _end_handle_summary(self) -> None:
        """End a handleSummary that never returns.

        k6 1.x would wait two minutes for it, whatever its timeout is.
        """
        await self._record_ended.wait()
        await anyio.sleep(HANDLE_SUMMARY_TIMEOUT_S + _SUMMARY_MARGIN_S)
        self._stop.request("handle_summary")

    async def _end_on_request(self) -> None:
        await self._stop.requested.wait()
        interrupt(self._child.pid)
        teardown_s = min(self._plan.teardown_timeout_s, _LONGEST_TEARDOWN_S) if self._plan.phases else 0.0
        grace_s = (
            _SHUTDOWN_GRACE_S
            if self._stop.reason == "shutdown"
            else teardown_s + HANDLE_SUMMARY_TIMEOUT_S + 5
        )
        await anyio.sleep(grace_s)
        self._killed = True
        self._child.kill()
