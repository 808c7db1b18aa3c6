"""Warnings about where the figures come from and what they lack."""

import pytest

from k6_mcp.analysis.measure.summary import read
from lab.sample_runs import CLOSING, OPENING, RECORD, counts, ended_well, line, outcome, record, rows


def _codes(warnings: tuple[str, ...]) -> set[str]:
    return {warning.partition(":")[0] for warning in warnings}


def test_only_a_summary_can_be_unverified() -> None:
    cut_short = record(RECORD[:-2])
    assert "figures_unverified" in _codes(read(ended_well(), cut_short, None).warnings)

    metrics = read(ended_well(summary=None, export=None), cut_short, None)

    assert metrics.source == "record"
    assert "figures_unverified" not in _codes(metrics.warnings)


def test_the_summary_of_a_k6_that_was_killed_is_not_expected_to_be_verified() -> None:
    killed = read(ended_well(exit_code=-9), record(RECORD[:-2]), None)

    assert "figures_unverified" not in _codes(killed.warnings)


@pytest.mark.parametrize(("paused_s", "is_known"), [(7.9, False), (8.1, True), (10.0, True)])
def test_a_gap_in_the_record_is_explained_by_a_pause_that_is_as_long(paused_s: float, is_known: bool) -> None:
    snapshots = (
        line(event, rows(1000 * second, counts(n * 40 if event == "cumulative" else 40, 4, 4)))
        for n, second in enumerate((1, 2, 3, 13), start=1)
        for event in ("cumulative", "snapshot")
    )
    whole = record((*OPENING, *snapshots, CLOSING[1]))
    assert whole.stood_still == (3.0, 13.0)

    warnings = read(outcome(seconds=13.5, paused_s=paused_s), whole, None).warnings

    assert ("generator_stood_still" in _codes(warnings)) is not is_known
