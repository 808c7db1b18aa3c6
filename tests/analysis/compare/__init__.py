"""Tests of k6_mcp.analysis.compare."""
