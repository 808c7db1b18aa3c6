"""A fuzzer for every front end: real server processes, mutated calls, and answers that must never come."""
