"""A load test on paper: what stands in a file becomes the arguments of a load test."""
