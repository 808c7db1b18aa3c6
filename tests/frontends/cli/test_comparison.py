"""A comparison as the terminal shows it."""

import io
import random
from dataclasses import replace

from rich.console import Console

from k6_mcp.analysis.compare.compare import compare
from k6_mcp.frontends.cli.comparison import comparison_view
from k6_mcp.models.comparison import Comparison
from tests.analysis.compare.synthetic import Service


def shown(comparison: Comparison) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(comparison_view(comparison))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_regression_is_shown_with_its_figures_and_intervals() -> None:
    service, chance = Service(), random.Random(1)

    text = shown(compare(service.sides(chance, 3), replace(service, median_ms=120).sides(chance, 3)))

    assert text.startswith("✗ regressed: p95 ")
    assert "✗  p95_ms" in text
    assert "=  error_rate" in text
    assert " % to +" in text or "% to +" in text


def test_what_differs_is_shown_instead_of_figures_that_may_not_be_compared() -> None:
    service, chance = Service(), random.Random(1)

    text = shown(compare(service.sides(chance, 1), replace(service, rate_per_s=90).sides(chance, 1)))

    assert text.startswith("? not comparable: the two sides differ in load")
    assert "load differs: default constant-arrival-rate 50/s" in text
    assert "p95_ms" not in text
