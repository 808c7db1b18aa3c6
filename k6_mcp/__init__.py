"""k6-mcp: real k6 load tests for LLM agents, judged, stored and reported."""

__version__ = "0.1.0"
