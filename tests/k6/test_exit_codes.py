"""Our table of exit codes against k6's own source.

The source is available wherever a k6 was built with Go, as in CI.

`go install go.k6.io/k6/v2@latest` leaves the source in Go's module cache. Where a Go-built k6 is under test
(K6_V2_BIN) and Go is installed, a missing source fails; elsewhere the test says that it was left out.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from k6_mcp.models.exit_codes import ExitCode

_REQUIRED = bool(os.environ.get("K6_V2_BIN")) and shutil.which("go") is not None
_CONSTANT = re.compile(r"^\s*(\w+)\s+ExitCode = (\d+)", re.MULTILINE)


def _newest_source() -> Path | None:
    go = shutil.which("go")
    if go is None:
        return None
    cache = subprocess.run(
        [go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
    found = (Path(cache) / "go.k6.io" / "k6").glob("v*@v*/errext/exitcodes/codes.go")
    return max(
        found,
        key=lambda path: [int(n) for n in re.findall(r"\d+", path.parts[-4].partition("@")[2])],
        default=None,
    )


def _in_our_spelling(constants: Mapping[str, int]) -> Mapping[str, int]:
    """`ScriptStoppedFromRESTAPI` -> `SCRIPT_STOPPED_FROM_REST_API`."""
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=REST)(?=API)", "_", name).upper(): code
        for name, code in constants.items()
    }


def test_our_exit_codes_are_those_of_the_newest_k6() -> None:
    source = _newest_source()
    if source is None:
        assert not _REQUIRED, (
            "K6_V2_BIN is set and Go is installed, but k6's source is not in the module cache"
        )
        pytest.skip("needs k6's source in Go's module cache")
    constants = {name: int(code) for name, code in _CONSTANT.findall(source.read_text(encoding="utf-8"))}
    assert _in_our_spelling(constants) == {code.name: code.value for code in ExitCode}
