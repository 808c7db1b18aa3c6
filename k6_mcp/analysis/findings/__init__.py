"""Findings about a run: deterministic rules over its figures and its timeline."""

from k6_mcp.analysis.findings.rules import RULES, find, worst

__all__ = ["RULES", "find", "worst"]
