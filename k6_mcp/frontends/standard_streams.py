"""Descriptors 0, 1 and 2 of a process whose caller has closed some of them."""

import os
import sys


def hold_standard_streams() -> None:
    """Give a closed standard stream the null device: else the next file that is opened, a database, would take its number and our output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
