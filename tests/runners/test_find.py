import os
from pathlib import Path

import pytest

from k6_mcp.errors import K6NotFound, K6TooOld
from k6_mcp.runners.find import locate
from k6_mcp.runners.version import probe


def _fake_k6(folder: Path, answer: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "k6"
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_k6_bin_wins_over_path(tmp_path: Path) -> None:
    wanted, other = _fake_k6(tmp_path / "a", "true"), _fake_k6(tmp_path / "b", "true")
    assert locate(str(wanted), str(other.parent)) == wanted


def test_path_wins_over_the_interpreters_folder(tmp_path: Path) -> None:
    wanted = _fake_k6(tmp_path / "a", "true")
    assert locate(None, f"{tmp_path / 'none'}{os.pathsep}{wanted.parent}") == wanted


def test_a_wrong_k6_bin_is_named_and_nothing_else_is_used(tmp_path: Path) -> None:
    with pytest.raises(K6NotFound, match="k6_not_found: K6_BIN='/nope/k6' is not an executable file"):
        locate("/nope/k6", str(_fake_k6(tmp_path, "true").parent))


async def test_an_old_k6_is_refused_by_its_version(tmp_path: Path) -> None:
    old = _fake_k6(tmp_path, '[ "$2" = --json ] && exit 255; echo "k6 v0.57.0 (commit/abc, go1.23, linux/amd64)"')
    with pytest.raises(K6TooOld, match=r"is k6 0\.57\.0; the oldest supported version is 1\.0\.0"):
        await probe(old)


@pytest.mark.parametrize(("answer", "version"), [('echo \'{"version":"v1.1.0"}\'', "1.1.0"), ("echo k6v2 v2.2.0 x", "2.2.0")])
async def test_a_supported_k6_tells_its_version(tmp_path: Path, answer: str, version: str) -> None:
    assert (await probe(_fake_k6(tmp_path, answer))).version == version


@pytest.mark.parametrize("answer", ["exit 1", "echo hello", "echo '{\"version\":7}'"])
async def test_a_binary_that_does_not_answer_like_k6_is_not_taken_for_k6(tmp_path: Path, answer: str) -> None:
    with pytest.raises(K6NotFound, match="does not answer `version` as k6 does"):
        await probe(_fake_k6(tmp_path, answer))


async def test_a_binary_that_does_not_answer_in_time_is_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k6_mcp.runners.version._VERSION_TIMEOUT_S", 0.1)
    with pytest.raises(K6NotFound, match="cannot be started: no answer in time"):
        await probe(_fake_k6(tmp_path, "exec sleep 20"))


async def test_a_file_that_cannot_be_executed_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "k6"
    broken.write_bytes(b"\x7fELF rubbish")
    broken.chmod(0o755)
    with pytest.raises(K6NotFound, match="cannot be started"):
        await probe(broken)


async def test_a_binary_that_prints_for_ever_is_cut_off() -> None:
    with pytest.raises(K6NotFound, match="does not answer `version` as k6 does"):
        await probe(Path("/usr/bin/yes"))
