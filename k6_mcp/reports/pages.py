"""Self-contained pages from templates: all values are escaped, only the bundled scripts can run."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from k6_mcp.models.duration import format_duration
from k6_mcp.models.wording import number, percent
from k6_mcp.reports.assets import CHART_SCRIPTS, STYLES, WEB, allowed, asset
from k6_mcp.reports.foreign import one_line, shown
from k6_mcp.reports.key_figures import data, grouped, milliseconds

if TYPE_CHECKING:
    from jinja2 import Environment


def render_page(
    template: str, *, layout: str = "base.html.j2", script: str = "page.js", **values: object
) -> str:
    """Return the page of `template` with `values`, which are escaped everywhere.

    Bundled scripts and styles are inlined and allowed by digest. `layout` is the outer template of a run's
    page, `script` is the page's own script, in addition to the chart scripts.
    """
    scripts, style = _scripts(script), _style()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(allowed, scripts))}",
            f"style-src {allowed(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        _environment()
        .get_template(template)
        .render(values, layout=layout, policy=policy, scripts=scripts, style=style)
    )


def when(moment: datetime | None) -> str:
    """Return a time for reading, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "—"


@lru_cache
def _scripts(script: str) -> tuple[str, ...]:
    return tuple(asset(name) for name in (*CHART_SCRIPTS, script))


@lru_cache
def _style() -> str:
    return "".join(asset(name) for name in STYLES)


def _figure(value: float | None, digits: int = 4) -> str:
    return "—" if value is None else number(value, digits)


def _share(value: float | None) -> str:
    return "—" if value is None else percent(value)


def _seconds(value: float | None) -> str:
    return "—" if value is None else format_duration(round(value, 2)) if value else "0s"


_FILTERS: Mapping[str, Callable[..., object]] = {
    "figure": _figure,
    "share": _share,
    "ms": milliseconds,
    "seconds": _seconds,
    "grouped": grouped,
    "data": data,
    "when": when,
    "text": one_line,
    "lines": shown,
}


@lru_cache
def _environment() -> "Environment":
    # Imported here to start faster: most servers never render a page
    from jinja2 import (
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    environment = Environment(
        loader=FileSystemLoader(WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    return environment
