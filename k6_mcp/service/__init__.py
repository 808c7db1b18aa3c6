"""The road that a test travels, and the use cases around it."""
