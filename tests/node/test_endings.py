"""Both generations of clients without MCP recognize every ending.

They take no success for a failure, and no failure for a success.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.node.endings import Ending, calls, endings, of_ended_runs, path_without_k6
from tests.node.node import run_client

_K6 = Path(sys.executable).with_name("k6")
# Read before the suite cleans the environment
_K6_V2 = os.environ.get("K6_V2_BIN", "")
_OF = {**endings(str(_K6), "/nonexistent", _K6_V2), **of_ended_runs({})}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Ending, Any]]:
    """Every ending, by its name: what it should be and what both generations made of it."""
    if not _K6.exists():
        pytest.skip("left out: no k6 beside the interpreter (install the extra [k6])")
    folder = tmp_path_factory.mktemp("endings")
    of = endings(str(_K6), path_without_k6(folder / "bin"), _K6_V2)
    env = {"K6_BIN": str(_K6), "K6_RESULTS_DIR": str(folder / "results")}
    told = asyncio.run(run_client([*calls(of, env)], folder))
    ended = dict(zip(of, zip(of.values(), told, strict=True), strict=True))
    later = of_ended_runs(
        {name: told["answer"]["run_id"] for name, (_, told) in ended.items() if told["answer"]}
    )
    told = asyncio.run(run_client([*calls(later, env)], folder))
    return {**ended, **dict(zip(later, zip(later.values(), told, strict=True), strict=True))}


@pytest.mark.parametrize("name", _OF)
def test_both_generations_tell_this_ending_as_what_it_is(
    ended: Mapping[str, tuple[Ending, Any]], name: str
) -> None:
    ending, told = ended[name]

    assert (told["answer"]["success"], told["answer"]["error_type"]) == (
        ending.told == "success",
        ending.error_type,
    ), told
    assert told["code"] == ending.code, told
    assert told["every_split"] == [ending.told], told
    assert told["newer"]["ending"] in {ending.told, "error" if told["stderr"] else ending.told}
    assert told["older"]["ending"] == ("error" if ending.code else ending.told)


@pytest.mark.parametrize("name", [name for name, ending in _OF.items() if ending.code])
def test_the_reason_of_an_exit_code_stands_on_stderr_in_one_line_of_k6s_log(
    ended: Mapping[str, tuple[Ending, Any]], name: str
) -> None:
    ending, told = ended[name]

    assert told["stderr"].startswith('level=error msg="')
    assert told["stderr"].count("\n") == 1
    assert told["older"]["text"] == told["stderr"]
    if ending.error_type not in ("script", "cancelled"):
        assert ending.error_type in told["stderr"]


@pytest.mark.parametrize("name", [name for name, ending in _OF.items() if not ending.code])
def test_stderr_stays_silent_where_the_exit_code_is_0(
    ended: Mapping[str, tuple[Ending, Any]], name: str
) -> None:
    assert ended[name][1]["stderr"] == ""
