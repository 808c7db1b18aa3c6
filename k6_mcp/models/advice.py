"""Which model words advice, and how it is reached."""

from dataclasses import dataclass, field

GEMINI, CLIENT, OFF = "gemini", "client", "off"


@dataclass(frozen=True, slots=True)
class Ai:
    """The provider of advice: `gemini`, `client` (the model of the MCP client that asks), `off`, or one of
    the library's words.

    None means that nobody chose: then the client's own model is asked where there is one. `key_name` is the
    setting that holds the key of this provider; the key itself is in no text that this object becomes.
    """

    provider: str | None = None
    model: str | None = None
    base_url: str | None = None
    timeout_s: float = 20.0
    key_name: str | None = None
    api_key: str | None = field(default=None, repr=False)
