"""Reports of runs for people to read."""
