"""Archives of runs: created, taken apart and forged."""

import gzip
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from k6_mcp.errors import ArchiveUnusable
from k6_mcp.history.history import History
from k6_mcp.models.archive import ArchivedFiles
from k6_mcp.models.history import HistoryQuery
from k6_mcp.models.run import Run
from k6_mcp.models.run_folder import RunFolder
from tests.history.samples import a_run, open_history

Files = dict[str, bytes]
_TIMELINE = (
    b'{"start_unix_ms":0,"period_s":1,"ends_s":[],"total":{"requests":[],"failed":[],"iterations":[],'
    b'"avg_ms":[],"p50_ms":[],"p90_ms":[],"p95_ms":[],"p99_ms":[],"max_ms":[]},'
    b'"unanswered":[],"dropped":[],"vus":[]}'
)


async def a_kept_run(folder: Path, history: History, run: Run | None = None) -> Run:
    """Save a run with every file that its folder may contain."""
    run = run or a_run()
    assert await history.save(run) == ()
    kept = RunFolder(folder / "results", run.run_id)
    kept.script.write_text("export default function () {}\n", encoding="utf-8")
    kept.summary.write_text('{"metrics": {}}', encoding="utf-8")
    kept.timeline.write_bytes(gzip.compress(_TIMELINE, mtime=0))
    kept.log.write_text("level=info\n", encoding="utf-8")
    kept.reports.mkdir()
    (kept.reports / "report.html").write_text("<html>", encoding="utf-8")
    (kept.path / "_main.js").write_text("import './script.js'", encoding="utf-8")
    return run


def as_it_is(run: Run, _: ArchivedFiles) -> Run:
    """Return the run without a new verdict."""
    return run


def contents(archive: Path) -> Files:
    """Return the members of an archive."""
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(archive: Path, files: Mapping[str, bytes], **attributes: int) -> None:
    """Write an archive with these members; `attributes` are those of its first one."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number, (name, content) in enumerate(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items() if number == 0 else ():
                setattr(entry, attribute, value)
            file.writestr(entry, content)


def edit(archive: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the bytes of a file."""
    archive.write_bytes(change(archive.read_bytes()))


def relisted(files: Files) -> Files:
    """Return the members with a manifest that matches them, as a forger would write it."""
    manifest = json.loads(files["manifest.json"])
    for run in manifest["runs"]:
        for file in run["files"]:
            content = files[f"{run['run_id']}/{file['name']}"]
            file |= {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return files | {"manifest.json": json.dumps(manifest).encode()}


def changed_run(files: Files, **fields: object) -> Files:
    """Return the members with other values in run.json."""
    name = next(name for name in files if name.endswith("/run.json"))
    return relisted(files | {name: json.dumps(json.loads(files[name]) | fields).encode()})


def renamed(files: Files, old: str, new: str) -> Files:
    """Return the members with one file under another name, also in the manifest."""
    manifest = files["manifest.json"].replace(json.dumps(old).encode(), json.dumps(new).encode())
    return {name.replace(f"/{old}", f"/{new}"): content for name, content in files.items()} | {
        "manifest.json": manifest
    }


async def refusal(folder: Path, archive: Path) -> str:
    """Import an archive that must be refused without a trace; return the error text."""
    async with open_history(folder / "here") as history:
        with pytest.raises(ArchiveUnusable) as refused:
            await history.archives.take_in(archive, as_it_is)
        assert (await history.page(HistoryQuery())).total == 0
        assert (await history.rebuild()).unreadable == ()
    assert [*(folder / "here" / "results" / "runs").iterdir()] == []
    assert [*(folder / "here" / "results" / "trash").iterdir()] == []
    assert refused.value.hint
    return str(refused.value)
