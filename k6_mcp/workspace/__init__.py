"""A run's files, from the first byte to the seal."""
