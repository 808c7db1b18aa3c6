"""Tests that need a real k6."""
