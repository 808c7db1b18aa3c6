"""Mathematics: percentiles, statistical tests and confidence."""
