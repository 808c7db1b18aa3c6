"""The names inside a run's folder."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class RunFile(StrEnum):
    """Every file and folder that the server or k6 makes in a run's folder; scripts can't overwrite them."""

    RUN_JSON = "run.json"
    SCRIPT = "script.js"
    SUMMARY = "k6-mcp-summary.json"
    EXPORT = "summary-export.json"
    RECORD = "record.ndjson"
    TIMELINE = "timeline.json.gz"
    REPORTS = "reports"
    LOG = "k6.log"
    STOP_REQUEST = "stop-requested"
    HOME = "home"
    WRAPPER_MAIN = "_main.js"
    WRAPPER_GIVEN = "_given.js"
    WRAPPER_METRICS = "_metrics.js"
    WRAPPER_GUARD = "_guard.js"
    WRAPPER_OPTIONS = "_options.js"


OWN_NAMES = frozenset(name.value for name in RunFile)


class RunFolder(NamedTuple):
    """The paths of one run's files below `results_dir`; this class creates no files."""

    results_dir: Path
    run_id: str

    @property
    def path(self) -> Path:
        return self.results_dir / "runs" / self.run_id

    @property
    def run_json(self) -> Path:
        """The latest state of the `Run`: the backup from which the history can be rebuilt."""
        return self.path / RunFile.RUN_JSON

    @property
    def script(self) -> Path:
        """The script as requested or rendered, without secrets once the run is over."""
        return self.path / RunFile.SCRIPT

    @property
    def summary(self) -> Path:
        """`handleSummary(data)` of the wrapper."""
        return self.path / RunFile.SUMMARY

    @property
    def export(self) -> Path:
        """k6's `--summary-export`."""
        return self.path / RunFile.EXPORT

    @property
    def record(self) -> Path:
        """k6's dashboard record, NDJSON."""
        return self.path / RunFile.RECORD

    @property
    def timeline(self) -> Path:
        """The `Timeline`, gzipped JSON; replaces the record once a run has ended."""
        return self.path / RunFile.TIMELINE

    @property
    def reports(self) -> Path:
        """The folder of the run's reports."""
        return self.path / RunFile.REPORTS

    @property
    def log(self) -> Path:
        """k6's stderr and stdout, capped."""
        return self.path / RunFile.LOG

    @property
    def stop_request(self) -> Path:
        """The file by which another process requests a stop; the run's owner looks for it."""
        return self.path / RunFile.STOP_REQUEST

    @property
    def home(self) -> Path:
        """k6's HOME, where a browser keeps its files."""
        return self.path / RunFile.HOME
