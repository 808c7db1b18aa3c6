"""The path of a load test, and the use cases around it."""
