"""A k6 script that is ready to run: `scripts` makes it, and a runner executes it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import SecretStr

Origin = Literal["text", "file", "preset"]
NOT_SHOWN = "the text of this script_file is neither shown nor kept: k6 could not parse it"


class Script(NamedTuple):
    """Everything k6 needs, as text; a runner writes `files` into the run's folder and starts `entry`.

    `text` is what the user wrote or what a template rendered; it is shown, stored and hashed as `sha256`.
    `files` maps names relative to the run's folder to their content and includes the wrapper `entry`.
    `source_path` is the absolute path of a script that stays in its place, for `origin` "file".
    `env` holds what the script reads through `__ENV`; values never reach a command line, a log or the disk.
    `secrets` are the literals in the text, and in the local modules that it imports, that look like secrets.
    """

    origin: Origin
    text: str
    sha256: str
    files: Mapping[str, str]
    entry: str
    source_path: str | None = None
    env: Mapping[str, SecretStr] = {}
    secrets: frozenset[str] = frozenset()
