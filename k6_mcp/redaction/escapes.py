"""The escapes inside a JavaScript string literal."""

import re

_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}


def unescaped(text: str) -> str:
    """Return the value of a string literal's inside: `\\n`, `\\x41` and `\\u{41}` become characters."""
    return _ESCAPE.sub(_resolved, text) if "\\" in text else text


def _resolved(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1 and code[0] in "ux":
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number < 0x110000 else ""
    return _ESCAPES.get(code, code)
