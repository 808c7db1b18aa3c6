"""k6-mcp: real k6 load tests for LLM agents, judged, kept and told."""

__version__ = "0.1.0"
