"""What agents and programs read of runs, within one budget."""
