"""What callers can do with load tests: one declaration per use case, served by every front end."""
