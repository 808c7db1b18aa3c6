"""The declaration of a use case, and what a front end adds to a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel, JsonValue

    from k6_mcp.advice.advisor import Advisor
    from k6_mcp.models.run import Run
    from k6_mcp.service.load_tests import LoadTests

    Json: TypeAlias = dict[str, JsonValue]

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True)
class Door:
    """How one front end calls use cases: all differences in how front ends treat arguments.

    `hint` is the next step after wrong arguments. `default_wait_s` and `longest_wait_s` belong to get_run:
    they are how long a call waits for a running test by default, and at most.
    """

    hint: str
    default_wait_s: float
    longest_wait_s: float


# Many MCP clients give up a call after 60 s.
MCP = Door("correct these arguments and call again", default_wait_s=45, longest_wait_s=50)
ONE_SHOT = Door("correct these params and send the line again", default_wait_s=0, longest_wait_s=3600)
TERMINAL = Door("correct these options, see k6-mcp COMMAND --help", default_wait_s=0, longest_wait_s=3600)


@dataclass(frozen=True)
class Caller:
    """The caller of a use case: the service to use, the front end's door, and what the front end offers.

    `emit` gets the live state of a run while a call waits for it. `advisor` is the caller's own model.
    `share` returns the share of the budget that the answer about a result takes, 1 for all of it.
    """

    service: LoadTests
    door: Door
    emit: Callable[[Run], None] | None = None
    advisor: Advisor | None = None
    share: Callable[[object], float] = lambda _: 0.0


@dataclass(frozen=True)
class Effect:
    """The effects of a call, in the terms of MCP's tool annotations."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


READS = Effect(read_only=True, destructive=False, idempotent=True, open_world=False)
ASKS_A_MODEL = Effect(read_only=True, destructive=False, idempotent=True, open_world=True)
CHANGES_RUNS = Effect(read_only=False, destructive=False, idempotent=True, open_world=False)
LOADS_A_TARGET = Effect(read_only=False, destructive=True, idempotent=False, open_world=True)


@dataclass(frozen=True)
class Shape:
    """The JSON schema of an answer: that of `model`, with objects deeper than `depth` left open.

    An answer with `more` properties may hold only `required` of the model's own.
    """

    model: type[BaseModel]
    depth: int = 0
    more: Mapping[str, Json] = field(default_factory=dict["str", "Json"])
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class UseCase(Generic[A, R]):
    """Something that callers can do.

    `parse` turns a caller's arguments, of the shape of `arguments`, into the input of `call`; it raises
    InvalidArguments with every violation. `call` executes the use case and raises K6McpError. `answer`
    returns what an agent reads about the result. `listed` is False for names that only clients of older
    servers use.
    """

    name: str
    title: str
    description: str
    effect: Effect
    arguments: type[BaseModel]
    parse: Callable[[Mapping[str, object], Caller], A]
    call: Callable[[Caller, A], Awaitable[R]]
    answer: Callable[[R], BaseModel | Json]
    shape: Shape
    takes_load_test: bool = False
    listed: bool = True

    async def run(self, caller: Caller, arguments: Mapping[str, object]) -> R:
        """Parse `arguments` and execute the use case; raises K6McpError."""
        return await self.call(caller, self.parse(arguments, caller))
