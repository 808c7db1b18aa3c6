"""A comparison's page in a real browser."""

from pathlib import Path

import pytest

from lab.sample_reports import HOSTILE
from tests.chromium.browser import Browser
from tests.chromium.listener import Listener
from tests.chromium.test_page import COLOURED, KEYS
from tests.reports.test_html import compared


def show(browser: Browser, folder: Path, html: str) -> None:
    """Open a page."""
    file = folder / "comparison.html"
    file.write_text(html, encoding="utf-8")
    browser.open(file.as_uri())
    browser.settle()


def test_both_sides_are_laid_over_one_another(browser: Browser, listener: Listener, tmp_path: Path) -> None:
    show(browser, tmp_path, compared())

    drawn = dict(browser.evaluate(KEYS))
    assert drawn["rate"] == ["baseline requests", "candidate requests"]
    assert {"baseline p95", "candidate p95"} <= set(drawn["latency"])
    assert all(coloured > 200 for coloured in browser.evaluate(COLOURED))
    assert (browser.complaints(), listener.for_pages) == ([], [])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_a_comparison_does_nothing(
    browser: Browser, listener: Listener, tmp_path: Path, text: str
) -> None:
    show(browser, tmp_path, compared(text))

    assert browser.evaluate("window.pwned") is None
    assert (browser.complaints(), listener.for_pages) == ([], [])
    assert browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
