"""A run as something to read."""
