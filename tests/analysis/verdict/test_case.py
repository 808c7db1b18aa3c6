"""Messages of a log as evidence."""

from k6_mcp.analysis.verdict.case import log_lines
from k6_mcp.models.outcome import LogMessage


def test_a_message_that_came_more_than_once_is_quoted_with_how_often() -> None:
    messages = (LogMessage(level="error", text=text, times=times) for text, times in (("a", 1), ("b", 2)))

    assert log_lines(messages) == ('"a"', '2x "b"')
