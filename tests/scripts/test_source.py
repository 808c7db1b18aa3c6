"""Reading a caller's script file."""

import os
from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.rules import parse_load_test
from k6_mcp.scripts.render import render
from k6_mcp.scripts.source import read_script_file


def _refusal(path: object) -> str:
    with pytest.raises(InvalidArguments) as caught:
        read_script_file(str(path))
    return str(caught.value)


def test_a_relative_path_starts_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "load.js").write_text("export default () => {};\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert read_script_file("./sub/../load.js") == (str(tmp_path / "load.js"), "export default () => {};\n")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "load.js").write_bytes(b"\xef\xbb\xbfexport default () => {};")

    assert read_script_file(str(tmp_path / "load.js"))[1] == "export default () => {};"


def test_a_missing_file_is_named_with_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    text = _refusal("nope.js")

    assert text.startswith(
        f"invalid_arguments: script_file: '{tmp_path}/nope.js' does not exist (next step: give an absolute path"
    )
    assert str(tmp_path) in text.split("next step")[1]


def test_a_working_directory_that_is_gone_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert _refusal("load.js").startswith("invalid_arguments: script_file: 'load.js' does not exist")


def test_what_is_no_readable_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.js").write_bytes(b"// caf\xe9")
    (tmp_path / "archive.tar").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.js")

    assert "is not UTF-8 text (byte 6) (next step: save the script as UTF-8)" in _refusal(tmp_path / "latin.js")
    assert "it is a k6 archive" in _refusal(tmp_path / "archive.tar")
    assert "it is no regular file" in _refusal(tmp_path / "pipe.js")
    assert "it is no regular file" in _refusal(tmp_path)
    assert "cannot be read" in _refusal(tmp_path / "latin.js" / "below.js")
    assert "cannot be read" in _refusal("a\0b.js")
    assert "cannot be read" in _refusal("x" * 5000)
    assert "cannot be read: Could not determine home directory" in _refusal("~nobody-has-this-name/x.js")


def test_the_wrapper_imports_the_file_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "100% #1.ts"
    path.write_text("export default () => {};", encoding="utf-8")

    script = render(parse_load_test({"script_file": str(path)}))

    assert (script.origin, script.source_path, script.text) == ("file", str(path), "export default () => {};")
    assert sorted(script.files) == ["_guard.js", "_main.js", "_metrics.js", "_options.js"]
    assert f'from "file://{tmp_path}/100%25%20%231.ts";' in script.files[script.entry]
