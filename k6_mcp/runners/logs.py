"""k6's standard error: one JSON object per line, counted and not kept.

k6 writes up to 19 000 lines a second when a target refuses.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from k6_mcp.models.metrics import ErrorSample
from k6_mcp.models.outcome import LogDigest, LogMessage
from k6_mcp.redaction import redact_said
from k6_mcp.runners.memory import ran_out
from k6_mcp.runners.parse_errors import unquoted_line

_TIME = re.compile(rb'"time":"[^"]*"|time="[^"]*"')
_LOGFMT = re.compile(r'level=(\w+) msg="((?:[^"\\]|\\.)*)"')
# k6 2.x names the file it was started with before the user's own.
_WRAPPER = re.compile(r"^could not initialize '[^']*': (?:could not load JS test '[^']*': )?")
_LONGEST_LINE_BYTES = 32_768
# k6 names source and scenario after the message, so the end of a line that is too long is kept as well.
_LINE_END_BYTES = 4_096
_CUT = "…".encode()
# This is the longest torn escape, without the backslashes before it.
_TORN_BYTES = 5
_TORN_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?\Z")
_MOST_DISTINCT = 300
# A repeated line is written this many times, and then only counted.
_WRITTEN_EACH = 10
_LOG_FILE_BYTES = 2_000_000
_MOST_MESSAGES = 40
_MESSAGE_CHARS = 600
_SAMPLE = (
    # Generated scripts show a failed answer in this form (templates/request.js.j2).
    b'"msg":"k6-mcp sample '
)
# The wrapper's message about the script's handleSummary comes last, and a flood before it must not hide it.
_OF_HANDLER, _MOST_OF_HANDLER = b'"msg":"handleSummary: ', 20
_MOST_SAMPLES = 5
_MOST_SAMPLE_LINES = 2_000
_SAMPLE_CHARS = 300
# k6 names the executor first, and no line of a script has one. The rest of a line that is too long may be
# lost.
_OF_ITERATION = re.compile(rb'\{"executor":"[a-z-]{1,40}",(?:"hint":"[^"]{0,200}",)?"level":"error"')
_REDIRECTED = re.compile(rb'"msg":"Stopped after (\d{1,6}) redirects and returned the redirection')
# k6 2.x logs this when a run dies before any sample.
_SPURIOUS = ("failed to handle the end-of-test summary",)


@dataclass(slots=True)
class _Entry:
    level: str
    text: str
    source: str | None
    hint: str | None
    explains_exit: bool
    count: int = 0


class LogReader:
    """Takes k6's stderr in chunks; memory and log file stay bounded whatever the script prints.

    Lines that differ only in their time are one message. `write` receives redacted lines for the log file;
    `secrets` are values that must not reach it. `own` is the file URL of a script that the caller gave as
    text: of all other files nothing is shown that k6 quotes because it could not parse it.
    """

    def __init__(
        self, write: Callable[[str], None], secrets: Iterable[str] = (), own: str | None = None
    ) -> None:
        self._write = write
        self._secrets = tuple(secrets)
        self._own = own
        self._entries: dict[bytes, _Entry] = {}
        self._rest = b""
        self._written = 0
        self._dropped = 0
        self._thrown = 0
        self._failures = 0
        self._given_up = self._given_up_requests = 0
        self._samples: dict[tuple[str, int], ErrorSample] = {}
        self._sample_lines = 0
        self._cause: _Entry | None = None
        self._out_of_memory = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, in order."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = _shortened(lines.pop())
        for line in lines:
            if line:
                self._line(_shortened(line))

    def close(self) -> None:
        """Take a last line without a line break, and write the counts of repeated lines."""
        if self._rest:
            self._line(self._rest)
        self._rest = b""
        for entry in self._entries.values():
            if entry.count > _WRITTEN_EACH:
                self._put(f"[{entry.count} times in all] {entry.text}")
        if self._dropped:
            self._put(f"[{self._dropped} further lines not kept]")

    def digest(self, went_running: bool) -> LogDigest:
        """Return the messages, most severe and most frequent first."""
        rank = {"error": 0, "fatal": 0, "panic": 0, "warning": 1, "info": 2}
        of_handler = _OF_HANDLER.decode().removeprefix('"msg":"')
        entries = sorted(
            self._entries.values(),
            key=lambda e: (not e.text.startswith(of_handler), rank.get(e.level, 3), -e.count),
        )
        return LogDigest(
            cause=self._cause.text if self._cause else None,
            cause_hint=self._cause.hint if self._cause else None,
            thrown=self._thrown,
            request_failures=self._failures,
            redirects_given_up=self._given_up,
            requests_given_up=self._given_up_requests,
            messages=tuple(
                LogMessage(level=e.level, text=e.text, times=e.count, source=e.source)
                for e in entries[:_MOST_MESSAGES]
            ),
            samples=tuple(self._samples.values()),
            dropped_lines=self._dropped,
            went_running=went_running,
            out_of_memory=self._out_of_memory,
        )

    def _line(self, line: bytes) -> None:
        self._out_of_memory = self._out_of_memory or (line[:1] != b"{" and ran_out(line))
        line = unquoted_line(line, self._own)
        self._thrown += _ended_iteration(line)
        self._failures += b'"msg":"Request Failed"' in line
        if (stopped := _REDIRECTED.search(line)) and b'"source":' not in line:
            self._given_up += 1
            self._given_up_requests += int(stopped[1])
        if _SAMPLE in line and self._sample(line):
            return
        key = _TIME.sub(b"", line)
        entry = self._entries.get(key)
        if entry is None:
            full = len(self._entries) >= _MOST_DISTINCT + (_MOST_OF_HANDLER if _OF_HANDLER in line else 0)
            if full and _never_ends_run(line):
                # In a flood of lines, k6 must not wait until they are parsed.
                self._dropped += 1
                return
            entry = _parse(line, self._secrets)
            if not full:
                self._entries[key] = entry
            else:
                self._dropped += 1
        entry.count += 1
        if entry.explains_exit:
            self._cause = entry
        if entry.count <= _WRITTEN_EACH and key in self._entries:
            self._put_line(line)

    def _sample(self, line: bytes) -> bool:
        """Take a sample of a failed answer.

        The first one of each kind is kept until one with a body comes.
        """
        self._sample_lines += 1
        sample = _parse_sample(line, self._secrets) if self._sample_lines <= _MOST_SAMPLE_LINES else None
        if sample is None:
            return self._sample_lines > _MOST_SAMPLE_LINES
        known = self._samples.get(key := (sample.name, sample.status))
        if (known is None and len(self._samples) < _MOST_SAMPLES) or (
            known is not None and not known.text and sample.text
        ):
            self._samples[key] = sample
            self._put_line(line)
        return True

    def _put_line(self, line: bytes) -> None:
        # Redaction costs time, so text that is not written is not redacted.
        if self._written < _LOG_FILE_BYTES:
            self._put(redact_said(line.decode("utf-8", errors="replace"), self._secrets))

    def _put(self, text: str) -> None:
        if self._written < _LOG_FILE_BYTES:
            self._written += len(text) + 1
            self._write(text + "\n")


def _ended_iteration(line: bytes) -> bool:
    """Return whether the line reports an exception that ended an iteration.

    Such an exception names its scenario. The exception of an async function comes as an error without a
    source.
    """
    if _OF_ITERATION.match(line):
        return True
    if b'"scenario":"' not in line:
        return False
    return b'"source":"stacktrace"' in line or (b'"level":"error"' in line and b'"source":' not in line)


def _shortened(line: bytes) -> bytes:
    """Return the beginning and the end of a line that is too long.

    They are joined so that a string cut in the middle is still a string.
    """
    if len(line) <= _LONGEST_LINE_BYTES:
        return line
    head, end = line[: _LONGEST_LINE_BYTES - _LINE_END_BYTES - len(_CUT)], len(line) - _LINE_END_BYTES
    backslashes = end - len(line[:end].rstrip(b"\\"))
    # No escape is torn up to here. A longer search would make k6 wait.
    whole = len(head[:-_TORN_BYTES].rstrip(b"\\"))
    return head[:whole] + _TORN_ESCAPE.sub(rb"\1", head[whole:]) + _CUT + line[end + backslashes % 2 :]


def _never_ends_run(line: bytes) -> bool:
    return b'"level":"error"' not in line or b'"source":"console"' in line or b'"scenario":"' in line


def _parse(line: bytes, secrets: tuple[str, ...]) -> _Entry:
    text = line.decode("utf-8", errors="replace")
    fields = _json_fields(text)
    if not fields:
        if match := _LOGFMT.search(text):
            fields = {"level": match.group(1), "msg": match.group(2).replace('\\"', '"')}
    level, source, error = str(fields.get("level", "info")), fields.get("source"), fields.get("error")
    said = str(fields.get("msg", text))
    # An exception of an iteration names its scenario and ends nothing. k6 2.x marks exceptions of init, setup
    # and teardown as stacktrace too.
    ends_run = source in (None, "stacktrace") and not {"scenario", "executor"} & fields.keys()
    explains = (
        level in ("error", "fatal", "panic") and error is None and ends_run and not said.startswith(_SPURIOUS)
    )
    shown = _WRAPPER.sub("", f"{said}: {error}" if error is not None else said)
    return _Entry(
        level=level,
        text=redact_said(shown, secrets)[:_MESSAGE_CHARS],
        source=str(source) if source is not None else None,
        hint=str(fields["hint"])[:_MESSAGE_CHARS] if "hint" in fields else None,
        explains_exit=explains,
    )


def _parse_sample(line: bytes, secrets: tuple[str, ...]) -> ErrorSample | None:
    said = str(_json_fields(line.decode("utf-8", errors="replace")).get("msg", ""))
    fields = _json_fields(said.partition("sample ")[2])
    name, status, text = fields.get("name"), fields.get("status"), fields.get("text")
    if (
        not isinstance(name, str)
        or not isinstance(status, int)
        or not isinstance(text, str)
        or not 0 <= status < 1000
    ):
        return None
    name, text = (redact_said(part, secrets)[:_SAMPLE_CHARS] for part in (name, text))
    return ErrorSample(name=name, status=status, text=text)


def _json_fields(text: str) -> dict[str, object]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, object], parsed) if isinstance(parsed, dict) else {}
