"""The interface to a model that answers a question with text."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt: how to answer (`system`), and the facts with the fenced quotations (`text`)."""

    system: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's text, unchecked; `model` is the one that answered."""

    text: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class NoReply:
    """The reason why there is no text, in words for the caller.

    `again` is set where another try may help, after `pause_s` if the provider names a pause.
    """

    reason: str
    again: bool = False
    pause_s: float | None = None


class Advisor(Protocol):
    """A model behind some provider."""

    @property
    def provider(self) -> str:
        """The provider's name in answers."""
        ...

    @property
    def model(self) -> str | None:
        """The model's name; None where the provider chooses."""
        ...

    async def ask(self, question: Question) -> Reply | NoReply:
        """Return the model's text; trouble with the provider is returned, never raised."""
        ...
