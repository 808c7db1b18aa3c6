"""A diagnosis that a model words from computed facts; what it writes is checked against them."""
