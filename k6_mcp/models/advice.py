"""Which model writes advice, and how to reach it."""

from dataclasses import dataclass, field

GEMINI, CLIENT, OFF = "gemini", "client", "off"


@dataclass(frozen=True, slots=True)
class Ai:
    """The provider of advice: `gemini`, `client` (the calling MCP client's model), `off`, or a library name.

    A library name is one of the names that the library of providers knows. None means that nobody chose:
    then the client's own model is used if there is one. `key_name` is the setting that holds the key of this
    provider. The key itself never appears in this object's text.
    """

    provider: str | None = None
    model: str | None = None
    base_url: str | None = None
    timeout_s: float = 20.0
    key_name: str | None = None
    api_key: str | None = field(default=None, repr=False)
