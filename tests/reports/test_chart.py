"""The PNG chart, read by a decoder: its size, its lines, and that nothing hostile stops it."""

import io
import sys
from collections import Counter

import pytest
from PIL import Image

from k6_mcp.errors import ReportUnavailable
from k6_mcp.reports.chart import HEIGHT, WIDTH, panels, run_png, ticks
from k6_mcp.reports.formats import rendered
from k6_mcp.reports.run_view import RunView
from lab.sample_reports import HOSTILE, bare, broken, hostile, short

P95, RATE, FAILED = (9, 105, 218), (26, 127, 55), (207, 34, 46)
_MOST_BYTES = 100_000


def colours(view: RunView) -> Counter[tuple[int, int, int]]:
    """How many pixels have each colour."""
    content = run_png(view)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < _MOST_BYTES
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
        pixels = image.convert("RGB").tobytes()
    return Counter(zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True))


def close_to(found: Counter[tuple[int, int, int]], colour: tuple[int, int, int]) -> int:
    """How many pixels have nearly this colour."""
    return sum(
        count
        for other, count in found.items()
        if max(abs(a - b) for a, b in zip(other, colour, strict=True)) < 40
    )


@pytest.mark.parametrize("seconds", [2, 60, 3600])
def test_latency_rate_and_errors_are_drawn(seconds: int) -> None:
    found = colours(broken(seconds))

    assert min(close_to(found, colour) for colour in (P95, RATE, FAILED)) > 20


def test_latency_without_the_requests_that_got_no_answer_is_called_that() -> None:
    points = broken().points(100)
    assert points is not None
    assert [next(panels(points, unanswered=lost)).title for lost in (True, False)] == [
        "latency of answers, ms",
        "latency, ms",
    ]


def test_one_interval_is_drawn_as_points() -> None:
    assert close_to(colours(broken(1)), P95) > 20


def test_a_run_of_which_nothing_was_recorded_says_so() -> None:
    found = colours(bare())

    assert close_to(found, P95) == 0
    assert len(found) > 3


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_drawn_or_left_out(text: str) -> None:
    assert close_to(colours(hostile(text)), P95) > 20


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (87, [0, 20, 40, 60, 80, 100]),
        (4, [0, 1, 2, 3, 4]),
        (3e6, [0, 1e6, 2e6, 3e6]),
    ],
)
def test_scales_have_round_marks_up_to_the_highest_figure(highest: float, marks: list[float]) -> None:
    assert ticks(highest) == pytest.approx(marks)


def test_without_its_library_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "k6_mcp.reports.chart", None)

    with pytest.raises(ReportUnavailable, match=r"report_unavailable: .*Pillow.*k6-mcp\[charts\]"):
        rendered(short(), "png")
