"""Targets, samples and hostile inputs that tests and benchmarks share."""
