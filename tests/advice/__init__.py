"""Tests of advice: facts in, checked text out, whatever a provider answers."""
