"""Numbers to meaning: pure, no await."""
