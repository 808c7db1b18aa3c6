import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import anyio
import pytest

from k6_mcp.runners.child_process import Child
from k6_mcp.runners.process import owned
from k6_mcp.runners.watchdog import Watchdog

pytestmark = pytest.mark.slow

OWNER = textwrap.dedent("""
    import subprocess, sys, time
    from k6_mcp.runners.watchdog import Watchdog
    dog = Watchdog()
    child = subprocess.Popen(dog.guard(sys.argv[1:]), stdin=dog.stdin(), start_new_session=True)
    print(child.pid, flush=True)
    time.sleep(60)
""")
STUBBORN = "trap '' INT TERM HUP; while :; do sleep 0.1; done"
# Waited for only where a process lives on.
_GONE_S = 10.0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def _gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _alive(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_ignores_signals_dies_with_its_owner(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, "sh", "-c", STUBBORN], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        assert _alive(child)
        owner.send_signal(how)
        assert _gone_within(child, _GONE_S)


async def test_leaving_the_context_kills_the_whole_group(tmp_path: Path) -> None:
    dog = Watchdog()
    command = dog.guard(["sh", "-c", f"({STUBBORN}) & echo $!; wait"])
    async with owned(Child.start(command, {"PATH": os.defpath}, tmp_path, dog.stdin()), dog) as process:
        await anyio.wait_readable(process.stdout)
        grandchild = int(os.read(process.stdout, 100).split()[0])
        assert _alive(grandchild)
    assert _gone_within(grandchild, _GONE_S) and _gone_within(process.pid, _GONE_S)
    dog.close()


def test_a_released_process_is_not_killed_when_the_watchdog_ends() -> None:
    dog = Watchdog()
    command = dog.guard(["sh", "-c", "echo started; sleep 30"])
    with subprocess.Popen(
        command, stdin=dog.stdin(), start_new_session=True, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == b"started\n"
        dog.release(child.pid)
        dog.close()
        assert _alive(child.pid)
        os.killpg(child.pid, signal.SIGKILL)


def test_a_watchdog_that_was_killed_is_replaced() -> None:
    dog = Watchdog()
    first = dog.stdin()
    shell = dog._shell  # pyright: ignore[reportPrivateUsage]
    assert shell is not None and first >= 0
    shell.kill()
    shell.wait()
    with subprocess.Popen(dog.guard(["sleep", "30"]), stdin=dog.stdin(), start_new_session=True) as child:
        assert _alive(child.pid)
        dog.close()
        assert _gone_within(child.pid, _GONE_S)


def test_the_guarded_command_gets_an_empty_stdin_and_its_exit_code_is_kept() -> None:
    dog = Watchdog()
    done = subprocess.run(
        dog.guard(["sh", "-c", "cat; exit 7"]), stdin=dog.stdin(), start_new_session=True, capture_output=True
    )
    assert (done.returncode, done.stdout) == (7, b"")
    dog.close()


_WITH_FOLDERS = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from k6_mcp.runners.watchdog import Watchdog
    dog = Watchdog()
    for name in sys.argv[1:]:
        Path(name).mkdir()
        Path(name, "script.js").write_text("const password = 'hush'")
        dog.remove_with_us(Path(name))
    dog.keep(Path(sys.argv[1]))
    print("ready", flush=True)
    time.sleep(60)
""")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_folders_that_no_run_came_of_go_with_their_owner_and_all_others_stay(
    tmp_path: Path, how: signal.Signals
) -> None:
    kept, *gone = (
        tmp_path / name
        for name in ("kept", "plain", "with  blanks 'and' \"quotes\" $(x) *", "-rf", "kept too\\")
    )
    (tmp_path / "with").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", _WITH_FOLDERS, kept, *gone], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None and owner.stdout.readline() == b"ready\n"
        assert all(folder.is_dir() for folder in (kept, *gone))
        owner.send_signal(how)
    deadline = time.monotonic() + 5
    while any(folder.exists() for folder in gone) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "with"]
    assert (kept / "script.js").exists()
