"""Where a script is executed."""
