"""A fuzzer of every front end: real server processes, mutated calls, and what may never come of them."""
