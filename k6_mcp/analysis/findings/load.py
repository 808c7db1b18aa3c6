"""The planned load over time: how many VUs, or how many iterations per second."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Literal

from k6_mcp.models.plan import Plan, ScenarioPlan

Unit = Literal["iterations/s", "VUs"]


@dataclass(frozen=True)
class _Piece:
    """One straight piece of a scenario's load; `scenario` is its number in the plan."""

    scenario: int
    from_s: float
    to_s: float
    first: float
    last: float

    def at(self, at_s: float) -> float:
        if self.last == self.first or self.to_s == inf:
            return self.first
        return self.first + (self.last - self.first) * (at_s - self.from_s) / (self.to_s - self.from_s)


@dataclass(frozen=True)
class Load:
    """The planned load of all scenarios together.

    `unit` is None if the scenarios mix VUs and rates, or if the plan is unknown.
    """

    pieces: tuple[_Piece, ...]
    unit: Unit | None
    until_s: float

    @classmethod
    def of(cls, plan: Plan | None, begins_s: float) -> "Load":
        """Return the load of `plan`, which begins at `begins_s` on the caller's clock."""
        if plan is None or not plan.scenarios:
            return cls((), None, inf)
        units: set[Unit] = {_unit(scenario) for scenario in plan.scenarios}
        pieces = tuple(
            piece for i, scenario in enumerate(plan.scenarios) for piece in _pieces(i, scenario, begins_s)
        )
        until_s = max((piece.to_s for piece in pieces), default=inf)
        unit = next(iter(units)) if len(units) == 1 else None
        return cls(pieces, unit, until_s)

    @property
    def closed(self) -> bool:
        """Whether each VU waits for its answers before it sends the next request."""
        return self.unit == "VUs"

    def at(self, at_s: float) -> float | None:
        """Return the planned load at a time, None if it has no single unit."""
        if self.unit is None:
            return None
        return sum(piece.at(at_s) for piece in self.pieces if piece.from_s <= at_s < piece.to_s)

    def active(self, at_s: float) -> frozenset[int]:
        """Return the numbers of the scenarios that plan load at a time.

        If the plan is unknown, that is always the first one.
        """
        if not self.pieces:
            return frozenset((0,))
        return frozenset(p.scenario for p in self.pieces if p.from_s <= at_s < p.to_s and p.at(at_s) > 0)

    @cached_property
    def steady(self) -> tuple[tuple[float, float], ...]:
        """The stretches of time in which no scenario starts, ends or changes its load."""
        marks = sorted({mark for piece in self.pieces for mark in (piece.from_s, piece.to_s)})
        return tuple((start, end) for start, end in pairwise(marks) if self._holds(start, end))

    def _holds(self, from_s: float, to_s: float) -> bool:
        within = [piece for piece in self.pieces if piece.from_s < to_s and piece.to_s > from_s]
        return (
            bool(within)
            and all(piece.first == piece.last for piece in within)
            and any(piece.first for piece in within)
        )


def _unit(scenario: ScenarioPlan) -> Unit:
    return "iterations/s" if scenario.executor.endswith("arrival-rate") else "VUs"


def _pieces(number: int, scenario: ScenarioPlan, begins_s: float) -> Iterator[_Piece]:
    if scenario.stages:
        for stage in scenario.stages:
            start_s = begins_s + stage.start_s
            yield _Piece(number, start_s, start_s + stage.duration_s, stage.from_target, stage.target)
        return
    start_s = begins_s + scenario.start_s
    end_s = (
        inf
        if scenario.iterations is not None or scenario.duration_s is None
        else start_s + scenario.duration_s
    )
    level = scenario.rate_per_s if _unit(scenario) == "iterations/s" else scenario.vus
    if level:
        yield _Piece(number, start_s, end_s, level, level)
