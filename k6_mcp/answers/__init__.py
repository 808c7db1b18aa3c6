"""What agents and programs read about runs, within one budget."""
