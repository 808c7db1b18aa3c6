import signal

import pytest

from k6_mcp.analysis.verdict.endings import MAPPED_CODES
from k6_mcp.models.exit_codes import ExitCode, describe, signal_of


def test_all_of_k6s_exit_codes_are_known() -> None:
    assert [code.value for code in ExitCode] == list(range(97, 111))


def test_every_exit_code_has_its_own_judgement() -> None:
    assert set(ExitCode) <= MAPPED_CODES


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [
        (-9, signal.SIGKILL),
        (137, signal.SIGKILL),
        (-2, signal.SIGINT),
        (143, signal.SIGTERM),
        (0, None),
        (99, None),
        (107, None),
        (128, None),
        (255, None),
        (-200, None),
        (None, None),
    ],
)
def test_a_death_by_signal_is_told_from_an_exit_code(
    exit_code: int | None, expected: signal.Signals | None
) -> None:
    assert signal_of(exit_code) == expected


@pytest.mark.parametrize(
    ("exit_code", "text"),
    [
        (107, "exit code 107 (script exception)"),
        (-9, "signal SIGKILL"),
        (42, "exit code 42"),
        (-200, "exit code -200"),
    ],
)
def test_an_exit_code_is_described_in_words(exit_code: int, text: str) -> None:
    assert describe(exit_code) == text
