"""What a caller's variables are to a script, and that they are nothing to anybody else."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script
from k6_mcp.runners.command import environment
from k6_mcp.runners.watchdog import Watchdog
from k6_mcp.settings import Settings
from tests.k6.scripted import ran

_NOBODY = 65534
_GIVEN = {
    "TOKEN": "from the caller",
    "EMPTY": "",
    "NUL": "a\0b",
    "UNICODE": "é 漢 🙂 \u202e \u2028 \ufeff \x01\x1f\x7f",
    "QUOTES": "\"'`$(id)\\ \n\r\t",
    "BIG": "0123456789" * 10_000,
    "BIGGER": "é" * 40_000,
    "__proto__": "proto",
    "constructor": "constructor",
    "toString": "toString",
    "hasOwnProperty": "has",
    "PATH": "mine",
    "HOME": "mine",
    "LD_PRELOAD": "mine",
    "SHELLOPTS": "xtrace",
    "PS4": "$(id)",
    "IFS": "x",
}
_SCRIPT = """
import crypto from 'k6/crypto';
const hash = (env) => crypto.sha256(Object.entries(env).map((one) => one.join('=')).join('|'), 'hex');
const found = (where) => console.log(`${where} ${hash(__ENV)}`);
const init = { ...__ENV };
__ENV.OWN = 'own';
export const options = { scenarios: {
  a: { executor: 'per-vu-iterations', vus: 2, iterations: 1, exec: 'a',
    env: { TOKEN: 'from the scenario', MORE: 'more' } },
  b: { executor: 'shared-iterations', vus: 1, iterations: 1 },
} };
console.log(`init ${hash(init)}`);
export function setup() { found('setup'); }
export function a() { found('a'); __ENV.MORE = 'changed'; delete __ENV.EMPTY; found('changed'); }
export default function () { found('b'); globalThis.__ENV = { TOKEN: 'assigned' }; found('assigned'); }
export function teardown() { found('teardown'); }
export function handleSummary() { found('summary'); return {}; }
"""
_COMMON_JS = "exports.default = function () { console.log('common ' + __ENV.A + Object.keys(__ENV)); };\n"


def _hash(env: Mapping[str, str]) -> str:
    return hashlib.sha256("|".join(f"{name}={value}" for name, value in env.items()).encode()).hexdigest()


async def test_a_script_sees_what_its_caller_gave_wherever_it_looks_and_nothing_else(
    settings: Settings,
) -> None:
    run = await ran(settings, script=_SCRIPT, env=_GIVEN)

    assert run.outcome.exit_code == 0, run.logged()
    said = {
        tuple(message.text.split()) for message in run.outcome.log.messages if message.source == "console"
    }
    at_init, scenario = {**_GIVEN, "OWN": "own"}, {**_GIVEN, "TOKEN": "from the scenario", "MORE": "more"}
    changed = {name: value for name, value in scenario.items() if name != "EMPTY"}
    assert said == {
        ("init", _hash(_GIVEN)),
        ("setup", _hash(at_init)),
        ("a", _hash(scenario)),
        ("changed", _hash({**changed, "MORE": "changed"})),
        ("b", _hash(_GIVEN)),
        ("assigned", _hash({**_GIVEN, "TOKEN": "assigned"})),
        ("teardown", _hash(at_init)),
        ("summary", _hash(at_init)),
    }


async def test_a_script_in_common_js_sees_the_same(settings: Settings) -> None:
    assert "common 12A" in (await ran(settings, script=_COMMON_JS, env={"A": "12"})).logged()


@pytest.fixture
def ordinary_user(tmp_path: Path) -> Mapping[str, Any]:
    """How to start a process as no root, to whom bash grants less, with a place to write to."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.owner() == tmp_path.owner() and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    return {"user": _NOBODY} if os.geteuid() == 0 else {}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("holder", ["caller", "server"])
def test_no_variable_makes_a_shell_that_starts_k6_run_anything(
    tmp_path: Path, ordinary_user: Mapping[str, Any], holder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran_by_it = tmp_path / "ran"
    command = f"$(echo x >> {ran_by_it})"
    (tmp_path / "rc").write_text(f"echo x >> {ran_by_it}\n")
    hostile = {
        "SHELLOPTS": "xtrace",
        "BASHOPTS": "expand_aliases",
        "PS4": command,
        "ENV": str(tmp_path / "rc"),
        "BASH_ENV": str(tmp_path / "rc"),
        "BASH_FUNC_echo%%": f"() {{ printf x >> {ran_by_it}; }}",
        "A": f"() {{ :; }}; echo x >> {ran_by_it}",
    }
    given = {name: value for name, value in hostile.items() if holder == "caller"}
    for name, value in hostile.items() if holder == "server" else ():
        monkeypatch.setenv(name, value)
    script = Script(
        "text", "", "", {}, "_main.js", env={name: SecretStr(value) for name, value in given.items()}
    )
    dog = Watchdog(shell=str(shutil.which("bash")))
    command_line, env = dog.guard([str(shutil.which("env"))]), environment(RunFolder(tmp_path, "r-1"), script)
    done = subprocess.run(
        command_line, env=env, stdin=dog.stdin(), capture_output=True, text=True, check=True, **ordinary_user
    )
    dog.close()
    assert not ran_by_it.exists()
    assert done.stderr == ""
    assert not {line.partition("=")[0] for line in done.stdout.splitlines()} & hostile.keys()
