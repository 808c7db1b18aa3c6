"""Who can be asked for advice: anything that turns a question into text."""

from typing import NamedTuple, Protocol


class Question(NamedTuple):
    """What a model is told: how to answer (`system`), and the facts with the fenced quotations (`text`)."""

    system: str
    text: str


class Reply(NamedTuple):
    """What a model wrote, unchecked; `model` is the one that answered."""

    text: str
    model: str | None = None


class NoReply(NamedTuple):
    """Why there is no text, in words for the caller. `again`: trying once more may help, after `pause_s`
    where the provider names it.
    """

    reason: str
    again: bool = False
    pause_s: float | None = None


class Advisor(Protocol):
    """A model behind some provider."""

    @property
    def provider(self) -> str:
        """The word for the provider in answers."""
        ...

    @property
    def model(self) -> str | None:
        """The model that is asked, None where the provider chooses."""
        ...

    async def ask(self, question: Question) -> Reply | NoReply:
        """Return what the model writes; never raises for trouble with the provider."""
        ...
