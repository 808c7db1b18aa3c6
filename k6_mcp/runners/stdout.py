"""k6's standard output: the progress block and the text that handleSummary prints.

The progress block comes once a second. The script's handleSummary can print any text.
"""

import re

from k6_mcp.models.duration import parse_duration_s
from k6_mcp.models.outcome import Progress

_RUNNING = re.compile(
    r"^(?:running|paused)(?: \((\S+)\))?, +0*(\d+)/0*(\d+) VUs, (\d+) complete and (\d+) interrupted"
    r" iterations"
)
_SCENARIO = re.compile(r"^\S.*?\s+[•✓✗ ]*\[\s*(\d+)% \]")
_INIT = re.compile(r"^(?:Init|Run|Setup|Teardown)\s+\[")
# k6's banner ends with its plan and a blank line.
_PLAN = re.compile(r"^ +scenarios: \(")
_LONGEST_LINE = 65536
_TEXT_BYTES = 200_000


class StdoutReader:
    """Takes k6's stdout in chunks.

    `progress` is the last complete block. `text` holds the other lines that are not empty, up to a limit.
    """

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self.went_running = False
        self._plan_seen = False
        self._past_banner = False
        self._rest = ""
        self._text: list[str] = []
        self._text_bytes = 0
        self._percents: list[int] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, in order."""
        lines = (self._rest + chunk.decode("utf-8", errors="replace")).split("\n")
        self._rest = lines.pop()[-_LONGEST_LINE:]
        for line in lines:
            self._line(line.rstrip("\r"))

    @property
    def text(self) -> str:
        return "\n".join([*self._text, self._rest]).strip("\n")

    def _line(self, line: str) -> None:
        if match := _RUNNING.match(line):
            self._block(match)
        elif (match := _SCENARIO.match(line)) and not _INIT.match(line):
            self._percents.append(int(match.group(1)))
            if self.progress is not None:
                percent = min(sum(self._percents) / len(self._percents), 100.0)
                self.progress = self.progress._replace(percent=percent)
        elif not self._past_banner:
            self._plan_seen = self._plan_seen or bool(_PLAN.match(line))
            self._past_banner = self._plan_seen and not line.strip()
        elif line.strip() and not _INIT.match(line) and self._text_bytes < _TEXT_BYTES:
            self._text.append(line[:2000])
            self._text_bytes += len(line)

    def _block(self, match: re.Match[str]) -> None:
        elapsed, vus, max_vus, done, interrupted = match.groups()
        self.went_running = self._past_banner = True
        self._percents = []
        self.progress = Progress(
            elapsed_s=_clock_s(elapsed),
            percent=self.progress.percent if self.progress else None,
            vus=int(vus),
            max_vus=int(max_vus),
            iterations=int(done),
            interrupted=int(interrupted),
        )


def _clock_s(text: str | None) -> float:
    try:
        return parse_duration_s(text or "")
    except ValueError:
        # k6 prints "0s" at the very start.
        return 0.0
