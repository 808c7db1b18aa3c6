"""k6's messages about a file that it could not parse, without the words of that file.

A script can name any file as a module, and a file with the name of a script need not be one. k6 quotes what
it did not understand.
"""

import json
import re
from typing import cast
from urllib.parse import quote

from k6_mcp.models.run_folder import RunFolder
from k6_mcp.models.script import Script

# These patterns find k6's quotes. sobek's parser and esbuild name the place first, the compiler of modules
# last.
_PARSER = re.compile(r"(?P<file>file://\S+?): Line (?P<line>\d+):(?P<column>\d+) (?P<said>[^\n]*)")
_COMPILER = re.compile(
    r"SyntaxError: (?P<said>[^\n]*) at (?P<file>file://\S+?):(?P<line>\d+):(?P<column>\d+)(?=\s|\Z)"
)
_QUOTED = re.compile(r"""["'`].*["'`]""")
_SIGNS = re.compile(r"""["'`][^\w\s]{1,3}["'`]\Z""")
_LEFT_OUT = '"…"'
_LONGEST = 120
# k6 uses these words only for a parsed script. It threw while it ran, or its module as a whole lacks
# something.
_RAN = re.compile(r"\n\s+at \S.*|no exported functions in script|couldn't be found on local disk")


def own_url(folder: RunFolder, script: Script) -> str | None:
    """Return how k6 calls the script that a caller gave as text, None for a script file."""
    return None if script.source_path else f"file://{quote(str(folder.script))}"


def was_parsed(cause: str | None) -> bool:
    """Return whether k6 must have parsed the script before it refused it with this reason.

    If this is uncertain, the answer is no.
    """
    return (
        bool(cause) and not _PARSER.search(cause) and not _COMPILER.search(cause) and bool(_RAN.search(cause))
    )


def unquoted(text: str, own: str | None) -> str:
    """Return k6's message without the text that it quotes of files it could not parse.

    Quotes of the caller's `own` script (a file URL) stay.
    """
    for pattern in (_PARSER, _COMPILER):
        text = pattern.sub(lambda match: match[0] if match["file"] == own else _without_words(match), text)
    return text


def unquoted_line(line: bytes, own: str | None) -> bytes:
    """Return a line of k6's log the same way."""
    if b": Line " not in line and b"SyntaxError: " not in line:
        return line
    text = line.decode("utf-8", errors="replace")
    try:
        fields = cast(object, json.loads(text))
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return unquoted(text, own).encode()
    shown = {
        name: unquoted(value, own) if isinstance(value, str) else value
        for name, value in cast(dict[str, object], fields).items()
    }
    return line if shown == fields else json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _without_words(match: re.Match[str]) -> str:
    said = _QUOTED.sub(lambda quoted: quoted[0] if _SIGNS.match(quoted[0]) else _LEFT_OUT, match["said"])
    said = said.partition(":")[0] if _LEFT_OUT not in said and "regular expression" in said else said
    start, end = match.start("said") - match.start(), match.end("said") - match.start()
    return match[0][:start] + said[:_LONGEST] + match[0][end:]
