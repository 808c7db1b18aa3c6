"""k6's exit codes, and the other codes that a k6 process can end with.

The source is errext/exitcodes/codes.go, which is the same from k6 1.0 to 2.2.
"""

import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """Every code k6 defines.

    Codes describe how the process ended. They never decide whether thresholds held.
    """

    CLOUD_TEST_RUN_FAILED = 97
    CLOUD_FAILED_TO_GET_PROGRESS = 98
    THRESHOLDS_HAVE_FAILED = 99
    SETUP_TIMEOUT = 100
    TEARDOWN_TIMEOUT = 101
    GENERIC_TIMEOUT = 102
    SCRIPT_STOPPED_FROM_REST_API = 103
    INVALID_CONFIG = 104
    EXTERNAL_ABORT = 105
    CANNOT_START_REST_API = 106
    SCRIPT_EXCEPTION = 107
    SCRIPT_ABORTED = 108
    GO_PANIC = 109
    MARKED_AS_FAILED = 110


FINISHED = 0
# Every k6 error that has no code of its own.
UNCODED = 255
# An unrecovered panic or a fatal error of the Go runtime.
GO_RUNTIME_CRASH = 2
RAN_TO_THE_END = frozenset({FINISHED, ExitCode.THRESHOLDS_HAVE_FAILED, ExitCode.MARKED_AS_FAILED})


def signal_of(exit_code: int | None) -> signal.Signals | None:
    """Return the signal that killed a process.

    It is in negative codes, and in 128 + n when a shell started the process.
    """
    if exit_code is None:
        return None
    number = -exit_code if exit_code < 0 else exit_code - 128 if 128 < exit_code < 193 else 0
    try:
        return signal.Signals(number) if number else None
    except ValueError:
        return None


def describe(exit_code: int) -> str:
    """Return an exit code in words, e.g. `exit code 107 (script exception)`, `signal SIGKILL`."""
    if killed_by := signal_of(exit_code):
        return f"signal {killed_by.name}"
    try:
        return f"exit code {exit_code} ({ExitCode(exit_code).name.lower().replace('_', ' ')})"
    except ValueError:
        return f"exit code {exit_code}"
