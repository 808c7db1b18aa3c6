"""The names inside a run's folder; runners write there, history keeps it."""

from pathlib import Path
from typing import NamedTuple

WRAPPER_FILES = ("_main.js", "_given.js", "_metrics.js", "_guard.js", "_options.js")


class RunFolder(NamedTuple):
    """Paths of one run's files below `results_dir`; makes no file itself."""

    results_dir: Path
    run_id: str

    @property
    def path(self) -> Path:
        return self.results_dir / "runs" / self.run_id

    @property
    def run_json(self) -> Path:
        """The `Run` as last known: the backup that the history can be rebuilt from."""
        return self.path / "run.json"

    @property
    def script(self) -> Path:
        """The script as it was asked for, or as rendered, without secrets once the run is over."""
        return self.path / "script.js"

    @property
    def summary(self) -> Path:
        """`handleSummary(data)` of the wrapper."""
        return self.path / "k6-mcp-summary.json"

    @property
    def export(self) -> Path:
        """k6's `--summary-export`."""
        return self.path / "summary-export.json"

    @property
    def record(self) -> Path:
        """k6's dashboard record, NDJSON."""
        return self.path / "record.ndjson"

    @property
    def timeline(self) -> Path:
        """The `Timeline`, gzipped JSON; replaces the record once a run has ended."""
        return self.path / "timeline.json.gz"

    @property
    def reports(self) -> Path:
        """Reports made of this run."""
        return self.path / "reports"

    @property
    def log(self) -> Path:
        """k6's stderr and stdout, capped."""
        return self.path / "k6.log"

    @property
    def stop_request(self) -> Path:
        """Made by another process that wants this run to stop; its owner looks for it."""
        return self.path / "stop-requested"

    @property
    def home(self) -> Path:
        """HOME of k6, where a browser keeps what it needs."""
        return self.path / "home"

    def kept_names(self) -> frozenset[str]:
        """Return the names in this folder that are ours and k6's, so that a script's own handleSummary may
        not have them.
        """
        paths: list[object] = [
            getattr(self, name) for name, member in vars(RunFolder).items() if isinstance(member, property)
        ]
        return frozenset(
            (
                *(path.name for path in paths if isinstance(path, Path) and path.parent == self.path),
                *WRAPPER_FILES,
            )
        )
