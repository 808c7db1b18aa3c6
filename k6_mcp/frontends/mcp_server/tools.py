"""All tools of the server, in the order in which tools/list names them."""

from mcp.server.mcpserver.tools import Tool

from k6_mcp.frontends.mcp_server.compare_tools import compare_tools
from k6_mcp.frontends.mcp_server.opened import OpenedService
from k6_mcp.frontends.mcp_server.read_tools import read_tools
from k6_mcp.frontends.mcp_server.report_tools import report_tools
from k6_mcp.frontends.mcp_server.run_tools import run_tools

_ORDER = (
    "execute_k6_test",
    "plan_k6_test",
    "get_run",
    "stop_run",
    "get_history",
    "analyze_run",
    "compare_runs",
    "set_baseline",
    "get_report",
    "check_health",
)


def all_tools(opened: OpenedService) -> list[Tool]:
    """Return every tool, unlisted ones last."""
    tools = {tool.name: tool for tool in (*run_tools(opened), *read_tools(opened), *compare_tools(opened), *report_tools(opened))}
    return [*(tools.pop(name) for name in _ORDER), *tools.values()]
