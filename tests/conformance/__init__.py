"""The official conformance suite, against the shipped server and against one with the suite's fixtures."""
