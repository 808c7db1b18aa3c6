"""What k6-mcp adds to a bare k6, measured side by side: `python -m benchmarks`."""
