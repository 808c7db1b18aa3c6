"""Reading of a caller's script file."""

import itertools
import os
import threading
from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments, LimitExceeded
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.scripts.render import render
from k6_mcp.scripts.script_file import read_script_file


def _refusal(path: object) -> str:
    with pytest.raises(InvalidArguments) as caught:
        read_script_file(str(path))
    return str(caught.value)


def test_a_relative_path_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "load.js").write_text("export default () => {};\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert read_script_file("./sub/../load.js") == (str(tmp_path / "load.js"), "export default () => {};\n")


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "load.js").write_bytes(b"\xef\xbb\xbfexport default () => {};")

    assert read_script_file(str(tmp_path / "load.js"))[1] == "export default () => {};"


def test_a_missing_file_is_named_with_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    text = _refusal("nope.js")

    assert text.startswith(
        f"invalid_arguments: script_file: '{tmp_path}/nope.js' does not exist (next step: give an absolute"
        " path"
    )
    assert str(tmp_path) in text.split("next step")[1]


def test_a_removed_working_directory_causes_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert _refusal("load.js").startswith("invalid_arguments: script_file: 'load.js' does not exist")


def test_a_file_without_readable_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.js").write_bytes(b"// caf\xe9")
    (tmp_path / "archive.tar").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.js")

    assert "is not UTF-8 text (byte 6) (next step: save the script as UTF-8)" in _refusal(
        tmp_path / "latin.js"
    )
    (tmp_path / "folder.js").mkdir()
    (tmp_path / "binary.js").write_bytes(b"a\0b")
    assert "it is a k6 archive" in _refusal(tmp_path / "archive.tar")
    assert "it is not a regular file" in _refusal(tmp_path / "pipe.js")
    assert "it is not a regular file" in _refusal(tmp_path / "folder.js")
    assert "contains NUL bytes" in _refusal(tmp_path / "binary.js")
    assert "cannot be read" in _refusal(tmp_path / "latin.js" / "below.js")
    assert "cannot be read" in _refusal("a\0b.js")
    assert "cannot be read" in _refusal("x" * 5000)
    assert "cannot be read: Could not determine home directory" in _refusal("~nobody-has-this-name/x.js")


def test_the_wrapper_imports_the_file_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "100% #1.ts"
    path.write_text("export default () => {};", encoding="utf-8")

    script = render(parse_load_test({"script_file": str(path)}))

    assert (script.origin, script.source_path, script.text) == ("file", str(path), "export default () => {};")
    assert sorted(script.files) == ["_given.js", "_guard.js", "_main.js", "_metrics.js", "_options.js"]
    assert f'from "file://{tmp_path}/100%25%20%231.ts";' in script.files[script.entry]


_TEXT = "export default () => {};"


@pytest.mark.parametrize(
    "script_file",
    [
        *(
            "/etc/passwd",
            "/proc/self/environ",
            "//proc/self/environ",
            "/etc/../proc/self/environ",
            "/etc/passwd/",
            "/etc/hosts.js/../hosts",
        ),
        *(
            "{folder}/secrets.txt",
            "{folder}/.env",
            "{folder}/config.json",
            "{folder}/js",
            "{folder}/link.js",
            "{folder}/chain.ts",
        ),
        *(
            "/proc/self/root{folder}/load.js",
            "/proc/self/cwd/load.js",
            "/dev/fd/../fd/0",
            "/sys/x.js",
            "{folder}/inside/passwd.js",
        ),
        *(
            "{folder}/load.js ",
            "{folder}/load.js.",
            "{folder}/load.jsx",
            "{folder}/load.js/",
            "{folder}/proc.js",
        ),
    ],
)
def test_nothing_but_a_script_is_ever_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script_file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("load.js", "secrets.txt", ".env", "config.json", "js", "load.jsx"):
        (tmp_path / name).write_text(_TEXT, encoding="utf-8")
    for link, leads_to in {
        "link.js": "secrets.txt",
        "chain.ts": "link.js",
        "inside": "/etc",
        "proc.js": "/proc/self/environ",
    }.items():
        (tmp_path / link).symlink_to(leads_to)

    with pytest.raises(InvalidArguments) as caught:
        render(parse_load_test({"script_file": script_file.replace("{folder}", str(tmp_path))}))

    assert str(caught.value).startswith("invalid_arguments: script_file: ")


@pytest.mark.parametrize(
    "name", ["load.js", "load.mjs", "load.cjs", "load.ts", "LOAD.JS", "of.spec.js", "link.js", "hard.js"]
)
def test_scripts_of_every_ending_are_read_even_through_links(tmp_path: Path, name: str) -> None:
    (tmp_path / "real.ts").write_text(_TEXT, encoding="utf-8")
    if name == "link.js":
        (tmp_path / name).symlink_to("real.ts")
    elif name == "hard.js":
        os.link(tmp_path / "real.ts", tmp_path / name)
    else:
        (tmp_path / name).write_text(_TEXT, encoding="utf-8")

    assert read_script_file(str(tmp_path / name)) == (str(tmp_path / name), _TEXT)


def test_a_link_that_changes_during_the_read_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "good" / "load.js").write_text(_TEXT, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("hush", encoding="utf-8")
    (tmp_path / "bad" / "load.js").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "now").symlink_to("good")
    over = threading.Event()

    def swap() -> None:
        for number in itertools.count():
            if over.is_set():
                return
            (tmp_path / "next").symlink_to(("bad", "good")[number % 2])
            (tmp_path / "next").rename(tmp_path / "now")

    swapping = threading.Thread(target=swap)
    swapping.start()
    read = set[str]()
    try:
        for _ in range(300):
            try:
                read.add(read_script_file(str(tmp_path / "now" / "load.js"))[1])
            except InvalidArguments:
                read.add("refused")
    finally:
        over.set()
        swapping.join()

    assert read <= {_TEXT, "refused"}


def test_scripts_come_only_from_the_folders_that_are_set(tmp_path: Path) -> None:
    scripts, outside = tmp_path / "scripts", tmp_path / "outside"
    for folder in (scripts / "below", outside, tmp_path / "scripts-2"):
        folder.mkdir(parents=True)
        (folder / "load.js").write_text(_TEXT, encoding="utf-8")
    (scripts / "out.js").symlink_to(outside / "load.js")
    (outside / "in.js").symlink_to(scripts / "below" / "load.js")
    dirs = (tmp_path / "elsewhere", scripts)

    assert read_script_file(str(scripts / "below" / "load.js"), dirs)[1] == _TEXT
    assert read_script_file(str(outside / "in.js"), dirs)[1] == _TEXT
    for path in (
        outside / "load.js",
        outside / "nope.js",
        scripts / "out.js",
        tmp_path / "scripts-2" / "load.js",
        scripts / ".." / "x.js",
    ):
        with pytest.raises(
            LimitExceeded, match=r"outside the folders that scripts may come from \(K6_MCP_SCRIPT_DIRS\)"
        ):
            read_script_file(str(path), dirs)
