"""The terminal: `k6-mcp`, every use case of the service as a command."""

from k6_mcp.frontends.cli.main import main

__all__ = ["main"]
