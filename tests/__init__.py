"""The suite: mirrors the package; tests/k6 needs a real k6."""
