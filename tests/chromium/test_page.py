"""A run's page in a real browser.

It draws, reacts to mouse and keyboard, follows the theme, prints, and fetches nothing.
"""

from pathlib import Path

import pytest

from k6_mcp.reports.html import render_html
from k6_mcp.reports.run_view import RunView
from lab.sample_reports import HOSTILE, bare, broken, hostile, short
from tests.chromium.browser import Browser
from tests.chromium.listener import Listener

# For each canvas how many of its pixels have a strong colour, which only the lines have.
COLOURED = """[...document.querySelectorAll('canvas')].map((canvas) => {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let coloured = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    const [r, g, b, a] = pixels.slice(i, i + 4);
    if (a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) coloured++;
  }
  return coloured;
})"""
KEYS = """[...document.querySelectorAll('[data-plot]')].map(
  (plot) => [plot.dataset.plot,
             [...plot.querySelectorAll('.key > span:nth-child(2)')].map((key) => key.textContent)])"""
_VALUES = "[...document.querySelectorAll('.key .value')].map((value) => value.textContent)"
_ZOOMED = "!document.getElementById('zoom-reset').disabled"


def show(browser: Browser, folder: Path, view: RunView, *, dark: bool = False, width: int = 1280) -> None:
    """Open the page of `view`."""
    file = folder / "report.html"
    file.write_text(render_html(view), encoding="utf-8")
    browser.open(file.as_uri(), dark=dark, width=width)
    browser.settle()


def test_every_chart_is_drawn_with_its_lines_and_the_console_stays_empty(
    browser: Browser, tmp_path: Path
) -> None:
    show(browser, tmp_path, broken())

    assert dict(browser.evaluate(KEYS)) == {
        "latency": ["p50", "p90", "p95", "p99", "max"],
        "rate": ["requests", "planned iterations", "iterations dropped"],
        "vus": ["VUs"],
        "errors": ["1212 TCP: connection refused"],
    }
    assert all(coloured > 200 for coloured in browser.evaluate(COLOURED))
    assert browser.complaints() == []


def test_a_page_asks_for_nothing_but_itself(browser: Browser, listener: Listener, tmp_path: Path) -> None:
    show(browser, tmp_path, broken())

    assert [url for url in browser.requested() if not url.startswith("data:")] == [
        (tmp_path / "report.html").as_uri()
    ]
    assert listener.for_pages == []


@pytest.mark.parametrize(
    "view", [short(), broken(1), broken(3600), bare()], ids=["two seconds", "one point", "an hour", "nothing"]
)
def test_a_page_of_any_length_opens_without_a_complaint(
    browser: Browser, tmp_path: Path, view: RunView
) -> None:
    show(browser, tmp_path, view)

    assert browser.complaints() == []
    assert browser.evaluate("document.querySelectorAll('canvas').length") == (
        0 if view.timeline is None else len(drawn(view))
    )
    assert all(coloured > 5 for coloured in browser.evaluate(COLOURED))


def drawn(view: RunView) -> list[str]:
    """The charts that a page of `view` has."""
    failed = bool(view.timeline and any(view.timeline.total.failed))
    return ["latency", "rate", "vus", *(["errors"] if failed else [])]


def test_the_mouse_shows_the_values_of_all_charts_at_one_time(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, broken())
    assert set(browser.evaluate(_VALUES)) == {""}

    x, y = middle(browser, "latency")
    browser.mouse("mouseMoved", x, y)

    assert "" not in browser.evaluate(_VALUES)
    times = browser.evaluate(
        "[...document.querySelectorAll('.legend .time')].map((time) => time.textContent)"
    )
    assert len(set(times)) == 1 and times[0]


def middle(browser: Browser, kind: str) -> tuple[float, float]:
    """Scroll to a chart and return the middle of its plotting area."""
    box = browser.evaluate(
        f"(() => {{ const over = document.querySelector('[data-plot={kind}] .u-over'); over.scrollIntoView({{"
        " block: 'center', behavior: 'instant' }); const box = over.getBoundingClientRect(); return"
        " [box.left + box.width / 2, box.top + box.height / 2]; })()"
    )
    return box[0], box[1]


def test_dragging_zooms_every_chart_and_show_all_undoes_it(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, broken())
    before = browser.screenshot()
    x, y = middle(browser, "latency")

    browser.mouse("mouseMoved", x - 100, y)
    browser.mouse("mousePressed", x - 100, y, pressed=True)
    browser.mouse("mouseMoved", x + 50, y, pressed=True)
    browser.mouse("mouseReleased", x + 50, y)

    assert browser.evaluate(_ZOOMED)
    assert browser.screenshot() != before
    browser.evaluate("document.getElementById('zoom-reset').click()")
    browser.settle()
    assert not browser.evaluate(_ZOOMED)


def test_the_keyboard_reads_values_out_zooms_and_shows_all(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, broken())
    browser.evaluate("document.querySelector('[data-plot=latency] .canvas').focus()")

    browser.key("End")
    browser.key("ArrowLeft")
    spoken = browser.evaluate("document.getElementById('spoken').textContent")
    browser.key("+", "+")
    zoomed = browser.evaluate(_ZOOMED)
    browser.key("Escape")

    assert spoken.startswith("0:58 \u2013 0:59: p50 ") and "p99" in spoken
    assert (zoomed, browser.evaluate(_ZOOMED)) == (True, False)


def test_a_line_can_be_hidden_and_the_scale_made_logarithmic(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, broken())
    whole = browser.evaluate(COLOURED)[0]

    browser.evaluate(
        "document.querySelectorAll('[data-plot=latency] .key').forEach((key, i) => i && key.click())"
    )
    browser.settle()
    alone = browser.evaluate(COLOURED)[0]
    browser.evaluate("document.getElementById('log').click()")
    browser.settle()

    assert alone < whole
    assert (
        browser.evaluate("document.querySelector('[data-plot=latency] .key').getAttribute('aria-pressed')")
        == "true"
    )
    assert browser.complaints() == []


def test_charts_of_a_running_test_take_new_figures_and_keep_what_is_shown(
    browser: Browser, tmp_path: Path
) -> None:
    show(browser, tmp_path, broken())
    browser.evaluate("""(() => {
          const whole = JSON.parse(document.getElementById('view').textContent).charts;
          const first = Object.fromEntries(Object.entries(whole).map(([name, column]) =>
            [name, Array.isArray(column) && column.length === 60 ? column.slice(0, 20) : column]));
          window.set = (charts, seconds) =>
            [{ name: '', side: '', charts: { ...charts, errors: [], seconds } }];
          window.live = K6Charts.group(() => {});
          const host = document.querySelector('[data-plot=latency]');
          live.add(host, 'latency', set(first, 20));
          live.recolor();
          live.update(set(whole, 60));
        })()""")
    browser.settle()

    assert browser.evaluate("[live.plots[0].u.data[0].length, live.plots[0].u.scales.x.max]") == [60, 60]
    assert browser.evaluate(COLOURED)[0] > 200
    browser.evaluate("live.zoom(0.5)")
    shown = browser.evaluate("live.plots[0].u.scales.x.max")
    browser.evaluate("live.update(set(JSON.parse(document.getElementById('view').textContent).charts, 60))")
    browser.settle()
    assert browser.evaluate("live.plots[0].u.scales.x.max") == shown == 45
    assert browser.complaints() == []


def test_dark_follows_the_system_and_the_button_overrules_it(browser: Browser, tmp_path: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    show(browser, tmp_path, broken())
    light = browser.evaluate(background), browser.screenshot()
    show(browser, tmp_path, broken(), dark=True)
    dark = browser.evaluate(background), browser.screenshot()
    browser.evaluate("document.getElementById('theme').click()")
    browser.settle()

    assert light[0] != dark[0] and light[1] != dark[1]
    assert browser.evaluate(background) == light[0]


@pytest.mark.parametrize("width", [400, 820, 1280])
def test_the_page_is_never_wider_than_the_window(browser: Browser, tmp_path: Path, width: int) -> None:
    show(browser, tmp_path, broken(), width=width)

    assert browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_it_prints_with_charts_in_light_colours(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, broken(), dark=True)

    pdf = browser.pdf()

    assert pdf.startswith(b"%PDF") and len(pdf) > 30_000
    assert browser.complaints() == []
    assert browser.evaluate("document.documentElement.dataset.theme === undefined")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_does_nothing(
    browser: Browser, listener: Listener, tmp_path: Path, text: str
) -> None:
    show(browser, tmp_path, hostile(text))
    x, y = middle(browser, "latency")
    browser.mouse("mouseMoved", x, y)
    browser.evaluate("document.querySelectorAll('summary, .key').forEach((one) => one.click())")
    browser.settle()

    assert browser.evaluate("window.pwned") is None
    assert browser.evaluate("[document.scripts.length, document.images.length, document.links.length]") == [
        4,
        0,
        local_links(browser),
    ]
    assert browser.complaints() == []
    assert listener.for_pages == []
    assert browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if text.isprintable():
        assert text[:60] in browser.evaluate("document.querySelector('h1').textContent")


def local_links(browser: Browser) -> int:
    """The number of links that lead into the page itself."""
    return browser.evaluate("document.querySelectorAll('a[href^=\"#\"]').length")
