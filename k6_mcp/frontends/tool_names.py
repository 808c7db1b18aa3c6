"""The names of the tools: the same in MCP, in this order, and as methods of the one-shot mode."""

EXECUTE = "execute_k6_test"
# Clients can call this tool, but it is not listed
EXECUTE_WITH_OPTIONS = "execute_k6_test_with_options"
ASKING = (
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
TOOLS = (EXECUTE, *ASKING)
