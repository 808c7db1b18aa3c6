"""A script file is read for a script and nothing else: no text of another file comes out by any door."""

import json
import shutil
from pathlib import Path

from k6_mcp.answers.plan import plan_answer
from k6_mcp.answers.run import run_answer
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.report_formats import ReportFormat
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings

_WORD = "CanaryWord"
_NOT_SCRIPTS = {
    "accounts.js": f"root:x:0:0:{_WORD} root:/{_WORD}:/bin/bash\ndaemon:{_WORD}",
    "words.ts": f"let x: number = {_WORD} {_WORD}",
    "quoted.ts": f'let x = 1 "{_WORD}" `{_WORD}`',
    "twice.js": f"let {_WORD} = 1; let {_WORD} = 2",
    "label.mjs": f"while (1) {{ break {_WORD}; }}",
    "unbound.js": f"export {{ {_WORD} }}",
    "pattern.js": f"/({_WORD}/.test(1); {_WORD} {_WORD}",
    "settings.cjs": f'{{"auth": "{_WORD}", "user": "{_WORD}"}}',
}
_FORMATS: tuple[ReportFormat, ...] = ("html", "json")


async def _told_of(service: LoadTests, folder: Path, results: Path, **arguments: object) -> str:
    """Plan and run a test that k6 refuses; return everything that is reported and kept."""
    test = parse_load_test(arguments)
    report = await service.plan(test)
    assert report.refusal is not None and report.refusal.kind == "script_error"
    run = await service.execute(test, wait_s=30)
    assert run.status == "failed"
    told = [
        json.dumps(plan_answer(report)),
        report.model_dump_json(),
        run.model_dump_json(),
        run_answer(run).model_dump_json(),
    ]
    told += [await service.log(run.run_id), await service.script(run.run_id)]
    told += [(await service.kept_runs.explain(run.run_id)).model_dump_json()]
    for wanted in _FORMATS:
        await service.kept_runs.report(run.run_id, wanted)
    archive = folder / "run.zip"
    await service.kept_runs.export_run(run.run_id, archive)
    shutil.unpack_archive(archive, folder / "unpacked")
    places = [path for place in (results, folder / "unpacked") for path in place.rglob("*") if path.is_file()]
    told += [path.read_bytes().decode(errors="replace") for path in places]
    shutil.rmtree(folder / "unpacked")
    archive.unlink()
    return "\n".join(told)


async def test_no_word_of_a_file_that_k6_cannot_parse_is_told_or_kept(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "work").mkdir()
    for name, text in _NOT_SCRIPTS.items():
        (tmp_path / "files" / name).write_text(text, encoding="utf-8")
    (tmp_path / "files" / "imports.js").write_text(
        'import "./words.ts"; export default () => {};', encoding="utf-8"
    )
    asked = [{"script_file": str(path)} for path in sorted((tmp_path / "files").iterdir())]
    imported = tmp_path / "files" / "accounts.js"
    asked += [{"script": f'import "{imported}"; export default () => {{}};'}]
    asked += [{"script": f'const it = require("{imported}"); export default () => {{}};'}]
    leaks: list[str] = []
    async with open_app(settings) as service:
        for arguments in asked:
            told = await _told_of(service, tmp_path / "work", settings.results_dir, **arguments)
            leaks += [f"{arguments}: {told[told.index(_WORD) - 100 :][:200]}"] if _WORD in told else []

    assert leaks == []


async def test_a_script_file_that_k6_can_parse_is_shown_with_the_place_where_it_throws(
    settings: Settings, tmp_path: Path
) -> None:
    script = tmp_path / "load.js"
    script.write_text("const a = 1;\nthrow new Error('no base url');\n", encoding="utf-8")
    test = parse_load_test({"script_file": str(script)})
    async with open_app(settings) as service:
        report = await service.plan(test)
        run = await service.execute(test, wait_s=30)
        kept = await service.script(run.run_id)

    assert report.refusal is not None
    assert (report.refusal.line, report.refusal.source_line) == (2, "throw new Error('no base url');")
    assert report.script == kept == script.read_text(encoding="utf-8")


async def test_a_broken_script_that_a_caller_sent_is_shown_with_its_line(settings: Settings) -> None:
    test = parse_load_test({"script": "let mine = 1;\nlet mine other;\n"})
    async with open_app(settings) as service:
        report = await service.plan(test)

    assert report.refusal is not None and report.refusal.line == 2
    assert report.refusal.source_line == "let mine other;"
    assert (report.script or "").startswith("let mine = 1;")
