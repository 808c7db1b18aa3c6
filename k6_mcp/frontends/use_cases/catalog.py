"""The names of all use cases, and the lookup of a declaration by its name.

Names cost nothing: the first line on stdin is looked up here before anything else is imported. A declaration
is imported when it is needed, so a process that runs one test imports only what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k6_mcp.frontends.use_cases.declaration import UseCase

EXECUTE = "execute_k6_test"
EXECUTE_WITH_OPTIONS = "execute_k6_test_with_options"
LISTED = (
    EXECUTE,
    "plan_k6_test",
    "get_run",
    "stop_run",
    "get_history",
    "analyze_run",
    "compare_runs",
    "set_baseline",
    "get_statistics",
    "get_report",
    "check_health",
)
"""What clients see, in the order of MCP's tools/list."""
# Only clients of older servers call these.
UNLISTED = (EXECUTE_WITH_OPTIONS,)
NAMES = (*LISTED, *UNLISTED)


def use_case(name: str) -> UseCase[Any, Any]:
    """Return the declaration of `name`, one of `NAMES`."""
    match name:
        case "execute_k6_test" | "execute_k6_test_with_options" | "plan_k6_test" | "stop_run":
            from k6_mcp.frontends.use_cases.running import EXECUTE, EXECUTE_WITH_OPTIONS, PLAN, STOP

            declared = (EXECUTE, EXECUTE_WITH_OPTIONS, PLAN, STOP)
        case "get_run" | "get_history" | "analyze_run" | "check_health":
            from k6_mcp.frontends.use_cases.reading import ANALYZE, GET_RUN, HEALTH, HISTORY

            declared = (GET_RUN, HISTORY, ANALYZE, HEALTH)
        case "compare_runs" | "set_baseline" | "get_statistics":
            from k6_mcp.frontends.use_cases.comparing import COMPARE, SET_BASELINE, STATISTICS

            declared = (COMPARE, SET_BASELINE, STATISTICS)
        case _:
            from k6_mcp.frontends.use_cases.reporting import REPORT

            declared = (REPORT,)
    return next(case for case in declared if case.name == name)


def use_cases() -> Iterator[UseCase[Any, Any]]:
    """Yield every declaration, unlisted ones last."""
    return map(use_case, NAMES)
