"""The declarations of use cases: complete, found by name, the same for every front end except for waiting."""

from typing import cast

import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.frontends.oneshot.request import METHODS
from k6_mcp.frontends.use_cases.catalog import LISTED, NAMES, use_case, use_cases
from k6_mcp.frontends.use_cases.declaration import MCP, ONE_SHOT, TERMINAL, Caller, Door
from k6_mcp.frontends.use_cases.reading import GET_RUN
from k6_mcp.service.load_tests import LoadTests

DOORS = [MCP, ONE_SHOT, TERMINAL]
# Arguments are checked before a service is needed
NO_SERVICE = cast("LoadTests", None)


def test_every_name_has_a_declaration_and_only_listed_ones_are_listed() -> None:
    assert tuple(case.name for case in use_cases()) == NAMES
    assert tuple(case.name for case in use_cases() if case.listed) == LISTED


def test_the_one_shot_mode_has_every_use_case_as_a_method() -> None:
    assert set(METHODS) == set(NAMES)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["get_run", "stop_run", "analyze_run", "set_baseline", "get_report"])
def test_a_run_id_has_the_same_bounds_through_every_door(name: str, door: Door) -> None:
    caller, parse = Caller(NO_SERVICE, door), use_case(name).parse

    assert parse({"run_id": "x" * 120}, caller).run_id == "x" * 120
    for wrong in ("", "x" * 121):
        with pytest.raises(InvalidArguments, match="run_id: ") as refused:
            parse({"run_id": wrong}, caller)
        assert refused.value.hint == door.hint


@pytest.mark.parametrize("door", DOORS)
def test_a_door_waits_no_longer_than_it_declares(door: Door) -> None:
    caller = Caller(NO_SERVICE, door)

    assert GET_RUN.parse({"run_id": "r", "wait_s": door.longest_wait_s}, caller).wait_s == door.longest_wait_s
    with pytest.raises(InvalidArguments, match=f"less than or equal to {door.longest_wait_s:g}"):
        GET_RUN.parse({"run_id": "r", "wait_s": door.longest_wait_s + 1}, caller)
