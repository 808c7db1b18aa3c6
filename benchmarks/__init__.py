"""The cost of k6-mcp compared with bare k6, measured in turn: `python -m benchmarks`."""
