"""Values as JavaScript source: the only way for a caller's values into a script."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_LINE_WIDTH = 100
# JavaScript numbers are doubles
_EXACT_INTEGER = 2**53


class Code(str):
    """JavaScript written by this package; any other string becomes a string literal."""


def literal(value: object, indent: int = 0) -> Code:
    """Return `value` as a JavaScript expression, laid out over lines as if written by hand.

    `value` is JSON with `Code` allowed as a leaf.
    """
    if isinstance(value, Mapping) and value:
        pad = " " * (indent + 2)
        items = cast(Mapping[str, object], value).items()
        lines = "".join(f"{pad}{_key(name)}: {literal(item, indent + 2)},\n" for name, item in items)
        return Code(f"{{\n{lines}{' ' * indent}}}")
    line = _inline(cast(object, value))
    if not isinstance(value, list | tuple) or len(line) + indent <= _LINE_WIDTH:
        return line
    pad = " " * (indent + 2)
    lines = "".join(f"{pad}{_inline(item)},\n" for item in cast(Sequence[object], value))
    return Code(f"[\n{lines}{' ' * indent}]")


def text_literal(text: str) -> Code:
    """Return `text` as a string literal without invisible characters.

    The literal cannot end a script element of HTML either.
    """
    quoted = json.dumps(text, ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--")
    invisible = {ord(char): json.dumps(char)[1:-1] for char in set(quoted) if not char.isprintable()}
    return Code(quoted.translate(invisible) if invisible else quoted)


def survives_javascript(value: object) -> bool:
    """Return whether JSON `value` stays the same as a JavaScript literal that is stringified."""
    if isinstance(value, Mapping):
        items = cast(Mapping[str, object], value)
        return all(not name.isdigit() and survives_javascript(item) for name, item in items.items())
    if isinstance(value, list | tuple):
        return all(survives_javascript(item) for item in cast(Sequence[object], value))
    if isinstance(value, float):
        return not value.is_integer()
    return not isinstance(value, int) or abs(value) <= _EXACT_INTEGER


def _inline(value: object) -> Code:
    if isinstance(value, Code):
        return value
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, Mapping):
        items = cast(Mapping[str, object], value).items()
        return Code(
            f"{{ {', '.join(f'{_key(name)}: {_inline(item)}' for name, item in items)} }}" if items else "{}"
        )
    if isinstance(value, list | tuple):
        return Code(f"[{', '.join(_inline(item) for item in cast(Sequence[object], value))}]")
    if value is None or isinstance(value, bool | int | float):
        return Code(json.dumps(value, allow_nan=False))
    raise TypeError(f"{type(value).__name__} cannot be written as JavaScript")


def _key(name: str) -> str:
    if name == "__proto__":
        # As a plain key it would set the prototype instead of a property
        return '["__proto__"]'
    return name if _IDENTIFIER.match(name) else text_literal(name)
