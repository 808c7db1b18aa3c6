"""All tools of the server, in the order in which tools/list names them."""

from mcp.server.mcpserver.tools import Tool

from k6_mcp.frontends.mcp_server.compare_tools import compare_tools
from k6_mcp.frontends.mcp_server.read_tools import read_tools
from k6_mcp.frontends.mcp_server.report_tools import report_tools
from k6_mcp.frontends.mcp_server.run_tools import run_tools
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.statistics_tool import statistics_tools
from k6_mcp.frontends.tool_names import TOOLS


def all_tools(opened: OpenedService) -> list[Tool]:
    """Return every tool, unlisted ones last."""
    makers = (run_tools, read_tools, compare_tools, statistics_tools, report_tools)
    tools = {tool.name: tool for make in makers for tool in make(opened)}
    return [*(tools.pop(name) for name in TOOLS), *tools.values()]
