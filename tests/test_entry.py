"""`k6_server.py` as clients start it: with any python3, in the protocol of the first line."""

import ast
import contextlib
import json
import os
import pty
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path
from typing import Any

import pytest

from k6_mcp.frontends.first_line import read_head, speaks_mcp

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[1]
SERVER = CHECKOUT / "k6_server.py"
PARAMS = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": PARAMS,
}
HEALTH = '{"method":"check_health"}\n'
_TIMEOUT_S = 30
# The answer that a peer gets, and the SDK modules that were imported for it.
_REPORT_SDK = """
import sys
from k6_mcp.entry import main
code = main()
names = [name for name in sys.modules if name.partition(".")[0] in ("mcp", "mcp_types")]
sys.stderr.write("SDK:" + ",".join(names))
sys.exit(code)
"""


def start(
    *arguments: str, stdin: str, python: str | Path = sys.executable, settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the interpreter until it ends, with `stdin` as its whole input."""
    environment = {**os.environ, **(settings or {})}
    command = [str(python), *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT_S, env=environment, check=False
    )


def lines(*messages: dict[str, Any]) -> str:
    """Return messages as a client writes them."""
    return "".join(json.dumps(message) + "\n" for message in messages)


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """Return an interpreter without any dependencies."""
    venv.create(tmp_path / "bare")
    return tmp_path / "bare" / "bin" / "python"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout without a .venv."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("k6_server.py", "k6_mcp", "templates"):
        (folder / name).symlink_to(CHECKOUT / name)
    (folder / "k6_server.py").unlink()
    (folder / "k6_server.py").write_bytes(SERVER.read_bytes())
    return folder


def test_an_mcp_client_is_served_from_its_first_message_on() -> None:
    done = start(str(SERVER), stdin=lines(INITIALIZE, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}))

    answers = {answer["id"]: answer["result"] for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[1]["serverInfo"]["name"] == "k6-mcp"
    assert "execute_k6_test" in [tool["name"] for tool in answers[2]["tools"]]
    assert done.returncode == 0


def test_a_misspelled_setting_is_on_stderr_for_mcp_and_only_in_health_for_oneshot() -> None:
    misspelled = {"K6_MCP_MAX_VU": "5"}
    mcp = start(str(SERVER), stdin=lines(INITIALIZE), settings=misspelled)
    oneshot = start(str(SERVER), stdin=HEALTH, settings=misspelled)

    sentence = "K6_MCP_MAX_VU is not a setting and changes nothing; did you mean K6_MCP_MAX_VUS?"
    assert mcp.stderr == f"k6-mcp: {sentence}\n" and mcp.returncode == 0
    assert oneshot.stderr == "" and sentence in oneshot.stdout


def test_a_first_message_in_which_jsonrpc_comes_last_is_still_mcp() -> None:
    message = {**{name: value for name, value in INITIALIZE.items() if name != "jsonrpc"}, "jsonrpc": "2.0"}

    done = start(str(SERVER), stdin=lines(message))

    assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "k6-mcp"


def test_a_request_that_the_transport_cannot_read_still_gets_an_answer() -> None:
    torn = r'{"jsonrpc": "2.0", "id": 2, "method": "ping", "params": {"name": "\ud83d"}}'

    done = start(
        str(SERVER),
        stdin=f"{lines(INITIALIZE)}{torn}\nrubbish\n{lines({'jsonrpc': '2.0', 'id': 3, 'method': 'ping'})}",
    )

    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[2]["error"]["code"] == -32700 and answers[3]["result"] == {}


def test_a_first_message_longer_than_any_pipe_arrives_whole() -> None:
    info = {"name": "ü" * 200_000, "version": "1"}

    done = start(str(SERVER), stdin=lines({**INITIALIZE, "params": {**PARAMS, "clientInfo": info}}))

    assert json.loads(done.stdout)["id"] == 1


def test_a_line_without_jsonrpc_is_answered_in_one_line_without_the_mcp_sdk() -> None:
    done = start("-c", _REPORT_SDK, stdin=HEALTH)

    assert json.loads(done.stdout)["success"] is True
    assert done.stderr == "SDK:"
    assert done.returncode == 0


def test_every_further_one_shot_line_is_answered_in_turn() -> None:
    done = start(str(SERVER), stdin="\n" + HEALTH + HEALTH)

    assert [json.loads(line)["success"] for line in done.stdout.splitlines()] == [True, True]


@pytest.mark.parametrize("stdin", ["", "\n\n", "hello\n", '{"method":"format_disk"}\n'])
def test_a_line_that_is_not_a_request_gets_one_json_error_and_exit_code_1(stdin: str) -> None:
    done = start(str(SERVER), stdin=stdin)

    answer = json.loads(done.stdout)
    assert (answer["success"], answer["error_type"]) == (False, "not_understood")
    assert done.stderr == answer["output"]
    assert done.returncode == 1


def test_an_interpreter_without_dependencies_hands_over_to_the_checkouts_venv(
    bare_python: Path, checkout: Path
) -> None:
    (checkout / ".venv").symlink_to(sys.prefix)

    done = start(str(checkout / "k6_server.py"), stdin=HEALTH, python=bare_python)

    assert json.loads(done.stdout)["success"] is True, done.stderr
    assert done.returncode == 0


def test_without_a_venv_one_line_says_what_to_run(bare_python: Path, checkout: Path) -> None:
    done = start(str(checkout / "k6_server.py"), stdin=HEALTH, python=bare_python)

    assert f"run `make setup` in {checkout}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (done.stdout, done.returncode) == ("", 1)


def test_a_venv_that_lacks_the_dependencies_too_is_not_started_in_a_loop(checkout: Path) -> None:
    venv.create(checkout / ".venv")

    done = start(str(checkout / "k6_server.py"), stdin=HEALTH, python=checkout / ".venv" / "bin" / "python")

    assert "make setup" in done.stderr
    assert done.returncode == 1


def test_old_interpreters_can_read_the_entry_far_enough_to_hand_over() -> None:
    ast.parse(SERVER.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_unusable_settings_are_named_in_one_line() -> None:
    done = start(str(SERVER), stdin=HEALTH, settings={"K6_MCP_MAX_VUS": "many", "K6_TIMEOUT": "soon"})

    assert "K6_MCP_MAX_VUS" in done.stderr
    assert "K6_TIMEOUT" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 1


def test_unusable_settings_are_answered_to_oneshot_and_only_logged_for_mcp() -> None:
    wrong = {"K6_TIMEOUT": "soon"}

    oneshot, mcp = (
        start(str(SERVER), stdin=HEALTH, settings=wrong),
        start(str(SERVER), stdin=lines(INITIALIZE), settings=wrong),
    )

    assert (json.loads(oneshot.stdout)["error_type"], oneshot.returncode) == ("invalid_arguments", 1)
    assert (mcp.stdout, mcp.returncode) == ("", 1)
    assert mcp.stderr == oneshot.stderr


@pytest.mark.parametrize("line_end", [b"\n", b""], ids=["a line", "no line end"])
def test_a_line_longer_than_any_request_is_refused_with_the_setting(line_end: bytes) -> None:
    line = b'{"method":"check_health","params":{"x":"' + b"y" * 1_100_000 + b'"}}' + line_end

    done = start(str(SERVER), stdin=line.decode() + HEALTH, settings={"K6_MCP_MAX_SCRIPT_BYTES": "1000"})

    answer = json.loads(done.stdout)
    assert answer["error_type"] == "limit_exceeded"
    assert "longer than 1006000 bytes" in answer["error"]
    assert "K6_MCP_MAX_SCRIPT_BYTES" in answer["error"]
    assert (done.stderr, done.returncode) == (answer["output"], 1)


@pytest.mark.parametrize("sent_before", [b"", HEALTH.encode()], ids=["first line", "second line"])
def test_a_line_without_end_is_refused_while_it_is_still_being_sent(sent_before: bytes) -> None:
    env = {**os.environ, "K6_MCP_MAX_SCRIPT_BYTES": "1000"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(SERVER)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=env
    ) as server:
        assert server.stdin and server.stdout
        sender = threading.Thread(target=_send_for_ever, args=(server.stdin.fileno(), sent_before))
        sender.start()
        answers = [json.loads(line) for line in server.stdout]
        assert server.wait(_TIMEOUT_S) == 1
        sender.join()

    assert [answer["error_type"] for answer in answers] == [None] * bool(sent_before) + ["limit_exceeded"]


def _send_for_ever(fd: int, first: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(fd, first)
        while True:
            os.write(fd, b"x" * 65_536)


def test_a_person_at_a_terminal_sees_what_the_server_waits_for() -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, str(SERVER)], stdin=theirs, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        with process:
            assert process.stderr is not None
            assert b"k6-mcp --help" in process.stderr.readline()
            process.kill()
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("writes", "head"),
    [
        ([b" \n\nfirst\nsecond\n"], b"first\nsecond\n"),
        ([b" \n", b"\nfir", b"st\n"], b"first\n"),
        ([b"no line end"], b"no line end"),
        ([b"\n \n"], b""),
    ],
)
def test_the_head_of_the_input_begins_with_its_first_nonblank_line(writes: list[bytes], head: bytes) -> None:
    reader, writer = os.pipe()
    written = threading.Thread(target=_write_each, args=(writer, writes))
    written.start()
    try:
        assert read_head(reader, 1000) == head
    finally:
        written.join()
        os.close(reader)


def _write_each(fd: int, writes: list[bytes]) -> None:
    for write in writes:
        os.write(fd, write)
        # Each write is then read by itself
        time.sleep(0.02)
    os.close(fd)


@pytest.mark.parametrize(
    ("line", "mcp"),
    [
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', True),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', True),
        (b'{"method":"execute_k6_test","params":{"jsonrpc":"2.0"}}', False),
        (b'{"jsonrpc":"2.0","id":1,"method":"execute_k6_test","params":{}}', False),
        (b'"jsonrpc"', False),
        (b"jsonrpc", False),
        (b"[" * 100_000, False),
        (b"\xff\xfe", False),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"cut', True),
        (b'{ "jsonrpc" : ' + b"[" * 100_000, True),
    ],
)
def test_only_the_member_jsonrpc_makes_a_line_mcp(line: bytes, mcp: bool) -> None:
    assert speaks_mcp(line) is mcp


def test_an_interrupt_while_modules_are_imported_ends_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "k6_server.py").write_bytes(SERVER.read_bytes())
    (tmp_path / "k6_mcp").mkdir()
    (tmp_path / "k6_mcp" / "__init__.py").touch()
    (tmp_path / "k6_mcp" / "entry.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")

    done = start(str(tmp_path / "k6_server.py"), stdin="")

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
