"""Runs as one file: its content, and the results of export and import."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from k6_mcp.models.base import Model
from k6_mcp.models.run import Notice
from k6_mcp.models.run_folder import RunFile
from k6_mcp.models.timeline import Timeline

# Every file of a run that an archive contains, and its maximum size in bytes.
LARGEST_BYTES: Mapping[str, int] = {
    RunFile.RUN_JSON: 20_000_000,
    RunFile.SCRIPT: 20_000_000,
    RunFile.SUMMARY: 50_000_000,
    RunFile.EXPORT: 50_000_000,
    RunFile.TIMELINE: 20_000_000,
    RunFile.RECORD: 200_000_000,
    RunFile.LOG: 20_000_000,
}
LARGEST_ARCHIVE_BYTES = 300_000_000
LARGEST_CONTENT_BYTES = 600_000_000
MOST_RUNS = 50
MANIFEST = "manifest.json"


# The notice of every imported run.
IMPORTED = "imported_unverified"
# The notice of an imported run whose run.json contradicts the rest of its files.
CONTRADICTED = "imported_contradicted"


class ArchivedFile(Model):
    """One file of a run."""

    name: str
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ArchivedFiles(NamedTuple):
    """What an archive holds in addition to a run's run.json.

    These are k6's summary texts and the run over time, each None if it is missing.
    """

    summary: str | None = None
    export: str | None = None
    timeline: Timeline | None = None


class ArchivedRun(Model):
    """The files of one run, without its reports, which can be made again."""

    run_id: str
    files: tuple[ArchivedFile, ...]


class Manifest(Model):
    """What an archive holds; `format` changes when older versions can no longer read it."""

    format: Literal[1] = 1
    made_by: str
    runs: tuple[ArchivedRun, ...]


class ExportReport(Model):
    """An archive that was written."""

    path: str
    size_bytes: int
    run_ids: tuple[str, ...]


class ImportReport(Model):
    """Runs imported from an archive.

    `imported` are the new ones, `known` the identical ones that were here already, and `baselines` the tests
    whose baselines they are.
    """

    path: str
    imported: tuple[str, ...]
    known: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
