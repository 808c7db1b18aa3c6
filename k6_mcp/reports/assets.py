"""The bundled files of `web/` and the digests that allow exactly these files in a page."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

WEB = Path(__file__).resolve().parent / "web"
CHART_SCRIPTS = ("uPlot.iife.min.js", "charts.js")
STYLES = ("uPlot.min.css", "report.css")


@lru_cache
def asset(name: str) -> str:
    """Return the text of a bundled file."""
    return (WEB / name).read_text(encoding="utf-8")


def allowed(text: str) -> str:
    """Return the Content-Security-Policy source that allows an inline element with this text.

    Source: CSP 3, 2.3.1.
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
