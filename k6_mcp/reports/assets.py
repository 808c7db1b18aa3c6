"""The files of `web/` that pages are put together from, and the digests by which a page allows exactly
these.
"""

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
    """Return the source expression by which a Content-Security-Policy allows an inline element of this text
    (CSP 3, 2.3.1).
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
