"""Load tests in files: their content becomes the arguments of a load test."""
