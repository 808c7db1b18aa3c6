"""What is wrong with a run, and what limits the trust in its figures."""
