"""Pages under axe-core's rules, where the packages of tests/node are installed."""

import os
from pathlib import Path

import pytest

from k6_mcp.reports.html import render_html
from k6_mcp.reports.run_view import RunView
from lab.sample_reports import bare, broken, short
from tests.chromium.browser import Browser
from tests.reports.test_html import compared

_AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
_REQUIRED = bool(os.environ.get("K6_MCP_CI"))
_VIOLATIONS = (
    "axe.run().then((found) => found.violations.map((one) => `${one.id}: ${one.nodes.map((node) =>"
    " node.html)}`))"
)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "view",
    [broken(), short(), bare(), None],
    ids=["a run", "two seconds", "nothing measured", "a comparison"],
)
def test_axe_finds_nothing_to_complain_about(
    browser: Browser, tmp_path: Path, view: RunView | None, dark: bool
) -> None:
    if not _AXE.exists() and not _REQUIRED:
        pytest.skip("left out: needs axe-core (npm install in tests/node)")
    file = tmp_path / "report.html"
    file.write_text(render_html(view) if view else compared(), encoding="utf-8")
    browser.open(file.as_uri(), dark=dark)
    browser.settle()
    browser.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    browser.evaluate(f"{_AXE.read_text(encoding='utf-8')};1")

    assert browser.evaluate(_VIOLATIONS) == []
