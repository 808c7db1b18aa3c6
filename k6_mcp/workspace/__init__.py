"""The files of runs, from the first byte until they are sealed."""
