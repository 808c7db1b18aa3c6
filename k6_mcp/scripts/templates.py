"""The templates of k6 scripts, found both in a checkout and in an installed package."""

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from k6_mcp.scripts.javascript import Code, literal

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "templates", _PACKAGE.parent / "templates")
_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def render_template(name: str, **values: object) -> str:
    """Return the Jinja template `name` with `values`; each that isn't `Code` becomes a literal."""
    return _environment().get_template(f"{name}.js.j2").render(values)


def fill(name: str, **values: object) -> str:
    """Return the plain file `name` with its placeholders filled; each value but `Code` becomes a literal."""
    return _PLACEHOLDER.sub(lambda match: str(_written(values[match.group(1)])), _source(name))


@lru_cache
def _source(name: str) -> str:
    return (_folder() / f"{name}.js").read_text(encoding="utf-8")


@lru_cache
def _folder() -> Path:
    return next(place for place in _PLACES if (place / "_main.js").is_file())


@lru_cache
def _environment() -> "Environment":
    # This import takes 20 ms, which a test of the caller's own script doesn't need
    from jinja2 import (
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    return Environment(
        loader=FileSystemLoader(_folder()),
        # This replaces Jinja's escaping, since the output is JavaScript
        finalize=_written,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _written(value: object) -> object:
    # Jinja itself must see an undefined name, to report it
    from_jinja = type(value).__module__.startswith("jinja2")
    return value if isinstance(value, Code) or from_jinja else literal(value)
