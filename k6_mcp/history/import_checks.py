"""Checks of a run from an archive, which anyone can have written."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from k6_mcp.models.run import Run
from k6_mcp.models.run_id import RUN_ID

# k6 1.0 was released later
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
# Largest difference between two machines' clocks
_APART = timedelta(days=1)
_LARGEST_NUMBER = 1e18
_LONGEST_NAME, _MOST_TAGS, _LONGEST_TAG = 120, 20, 200
_TAG_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def problems(run: Run, now: datetime) -> Iterator[str]:
    """Yield everything in `run` that k6-mcp never writes; `now` is the time here."""
    yield from _of_times(run, now)
    if run.repeat_of is not None and not RUN_ID.match(run.repeat_of):
        yield "repeats a run whose id is not valid"
    if (run.repeat is None) != (run.repeat_of is None) or (
        run.repeat is not None and not 1 <= run.repeat <= _MOST_TAGS
    ):
        yield "has an impossible number among its repeats"
    if run.name is not None and not 1 <= len(run.name) <= _LONGEST_NAME:
        yield f"has a name of {len(run.name)} characters, not 1 to {_LONGEST_NAME}"
    if len(run.tags) > _MOST_TAGS or any(
        not _TAG_NAME.match(n) or len(text) > _LONGEST_TAG for n, text in run.tags.items()
    ):
        yield "has tags that no test can have"
    if run.series is not None:
        yield "contains a series, which is never stored"
    if _has_absurd_number(run.model_dump(mode="python")):
        yield f"has a number beyond {_LARGEST_NUMBER:g}"


def cleaned(run: Run) -> Run:
    """Return `run` without characters that are invisible or change how others are shown."""
    content = run.model_dump(mode="json")
    clean = _cleaned(content)
    return run if clean == content else Run.model_validate(clean)


def _of_times(run: Run, now: datetime) -> Iterator[str]:
    created = _utc(run.created_at)
    times = [created, *(_utc(moment) for moment in (run.started_at, run.ended_at) if moment is not None)]
    if not _FIRST <= min(times):
        yield (f"is from {min(times):%Y-%m-%d}, before k6 1.0 existed: the clock was wrong where it ran")
    elif max(times) > now + _APART:
        yield (
            f"is from {max(times):%Y-%m-%d %H:%M}, which is in the future: the clock is wrong here, or was"
            " where it ran"
        )
    elif times != sorted(times):
        yield "ended before it began"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _has_absurd_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_absurd_number(one) for one in value.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if isinstance(value, list | tuple):
        return any(_has_absurd_number(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return isinstance(value, int | float) and abs(value) > _LARGEST_NUMBER


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSEEN.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_cleaned(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    return value
