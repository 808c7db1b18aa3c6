"""Mathematics: percentiles, tests and confidence."""
