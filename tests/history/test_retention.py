"""The choice of runs to remove by age, count and size, without a database."""

from datetime import timedelta

import pytest

from k6_mcp.history.retention import Excess, Kept
from k6_mcp.history.runs import to_us
from k6_mcp.models.retention import Retention
from tests.history.samples import START

_DAY_US = 86_400_000_000
_KEEP_ALL = Retention(days=None, runs=None, size_bytes=None)


def _runs(*sizes: int) -> list[Kept]:
    """Return runs a day apart, the newest created at START; their ids are their ages in days."""
    ages = range(len(sizes) - 1, -1, -1)
    return [Kept(f"{age}", to_us(START) - age * _DAY_US, size) for age, size in zip(ages, sizes, strict=True)]


def _chosen(
    runs: list[Kept],
    limits: Retention,
    protected: frozenset[str] = frozenset(),
    spare: timedelta | None = None,
    page: int = 2,
) -> list[tuple[str, str]]:
    excess = Excess.of(len(runs), sum(run.size_bytes for run in runs), limits, START, spare)
    chosen: list[tuple[str, str]] = []
    for start in range(0, len(runs), page):
        if excess.ends_before(runs[start].created_us):
            break
        chosen += [
            (removal.run.run_id, removal.reason)
            for removal in excess.choose(runs[start : start + page], protected)
        ]
    return chosen


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        (_KEEP_ALL, []),
        (Retention(days=2.5, runs=None, size_bytes=None), [("4", "age"), ("3", "age")]),
        (Retention(days=3, runs=None, size_bytes=None), [("4", "age")]),
        (Retention(days=None, runs=2, size_bytes=None), [("4", "count"), ("3", "count"), ("2", "count")]),
        (Retention(days=None, runs=0, size_bytes=None), [(f"{age}", "count") for age in (4, 3, 2, 1, 0)]),
        (Retention(days=None, runs=5, size_bytes=50), []),
        (Retention(days=None, runs=None, size_bytes=49), [("4", "size")]),
        (Retention(days=None, runs=None, size_bytes=30), [("4", "size"), ("3", "size")]),
        (Retention(days=3.5, runs=3, size_bytes=25), [("4", "age"), ("3", "count"), ("2", "size")]),
    ],
)
def test_the_oldest_runs_beyond_a_limit_go(limits: Retention, gone: list[tuple[str, str]]) -> None:
    assert _chosen(_runs(10, 10, 10, 10, 10), limits) == gone


def test_a_large_old_run_makes_room_for_small_new_ones() -> None:
    assert _chosen(_runs(1, 1000, 1, 1), Retention(days=None, runs=None, size_bytes=500)) == [
        ("3", "size"),
        ("2", "size"),
    ]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_the_size_of_a_page_changes_nothing(page: int) -> None:
    limits = Retention(days=5, runs=3, size_bytes=40)

    assert _chosen(_runs(5, 50, 5, 5, 5, 50), limits, page=page) == _chosen(_runs(5, 50, 5, 5, 5, 50), limits)


@pytest.mark.parametrize(
    ("limits", "protected", "gone"),
    [
        (Retention(days=None, runs=2, size_bytes=None), {"4", "3"}, [("2", "count")]),
        (Retention(days=None, runs=2, size_bytes=None), {"4", "1"}, [("3", "count"), ("2", "count")]),
        (Retention(days=None, runs=None, size_bytes=20), {"4", "3"}, [("2", "size")]),
        (Retention(days=None, runs=None, size_bytes=20), {"4", "3", "2"}, []),
        (Retention(days=2.5, runs=2, size_bytes=None), {"4", "3"}, [("2", "count")]),
        (Retention(days=2.5, runs=None, size_bytes=None), {"4"}, [("3", "age")]),
    ],
)
def test_protected_runs_stay_in_addition_to_the_newest_runs(
    limits: Retention, protected: set[str], gone: list[tuple[str, str]]
) -> None:
    assert _chosen(_runs(10, 10, 10, 10, 10), limits, frozenset(protected)) == gone


def test_protected_runs_beyond_a_limit_are_counted() -> None:
    runs = _runs(1, 1, 1, 1)
    excess = Excess.of(4, 4, Retention(days=1.5, runs=None, size_bytes=None), START)

    gone = [removal.run.run_id for removal in excess.choose(runs, frozenset({"3", "0"}))]

    assert (gone, excess.spared) == (["2"], {"3"})


def test_young_runs_are_spared_whatever_the_limits_say() -> None:
    limits = Retention(days=0.01, runs=1, size_bytes=1)

    assert _chosen(_runs(9, 9, 9, 9), limits, spare=timedelta(days=2)) == [("3", "age")]


def test_the_search_ends_at_the_first_page_without_a_possible_choice() -> None:
    excess = Excess.of(3, 3, Retention(days=10, runs=3, size_bytes=3), START)

    assert excess.ends_before(to_us(START - timedelta(days=10)))
    assert not excess.ends_before(to_us(START - timedelta(days=10)) - 1)
    assert Excess.of(3, 3, _KEEP_ALL, START).ends_before(0)
