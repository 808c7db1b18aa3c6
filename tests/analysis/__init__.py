"""Tests of the analysis, on values; those with a real k6 are in tests/k6."""
