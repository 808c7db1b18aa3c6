"""The Jinja templates of k6 scripts, found in a checkout and in an installed package alike."""

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined

from k6_mcp.scripts.javascript import Code, literal

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "templates", _PACKAGE.parent / "templates")


def render_template(name: str, **values: object) -> str:
    """Return the template `name` with `values`; whatever is no `Code` is written as a JavaScript literal."""
    return _environment().get_template(f"{name}.js.j2").render(values)


@lru_cache
def _environment() -> Environment:
    folder = next(place for place in _PLACES if (place / "_main.js.j2").is_file())
    return Environment(
        loader=FileSystemLoader(folder),
        finalize=_written,  # the escaping: the output is JavaScript
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _written(value: object) -> object:
    return value if isinstance(value, Code | Undefined) else literal(value)
