"""Two sides of runs held against each other: better, worse, or no evidence; pure."""
