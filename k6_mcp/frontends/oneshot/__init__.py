"""One-shot mode: one JSON request per line on stdin, one JSON answer per line on stdout."""
