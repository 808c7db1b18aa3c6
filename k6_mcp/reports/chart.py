"""A chart of a run as a PNG image: latency on top, requests below, on the same time axis."""

import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from k6_mcp.models.duration import format_duration
from k6_mcp.models.timeline import Numbers
from k6_mcp.models.wording import cut, number
from k6_mcp.reports.chart_points import Points
from k6_mcp.reports.run_view import RunView

WIDTH, HEIGHT = 1000, 600
# The image is drawn this many times larger and then reduced, which smooths the lines
_FINER = 2
_LEFT, _RIGHT = 70, 980
_TITLE, _BOTTOM = 64, 40
# Quantized with an octree: the default method drops rare colors
_COLORS = 256
_INK, _DIM, _GRID = "#1f2328", "#656d76", "#d8dee4"
_TITLE_CHARS = 110
_TIME_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TIME_MARKS = 10
_MARKS = 5


@dataclass(frozen=True)
class Line:
    """A column to draw, with its name and color."""

    label: str
    color: str
    values: Numbers


@dataclass(frozen=True)
class Panel:
    """A part of the image with its own scale; `top` and `bottom` are in pixels."""

    title: str
    lines: tuple[Line, ...]
    top: int
    bottom: int

    @property
    def highest(self) -> float:
        """The largest value in the panel, 1 if there is none, so that it can be scaled."""
        return (
            max((value for line in self.lines for value in line.values if value is not None), default=0.0)
            or 1.0
        )


class Pen:
    """Draws in the coordinates of the finished image."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)
        self._fonts = {size: ImageFont.load_default(size * _FINER) for size in (12, 13, 17)}

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float = 1.0) -> None:
        """Draw a line through `points`; a single point becomes a dot."""
        finer = [(x * _FINER, y * _FINER) for x, y in points]
        if len(finer) > 1:
            self._draw.line(finer, fill=color, width=round(width * _FINER), joint="curve")
        elif finer:
            x, y = finer[0]
            self._draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=color)

    def text(
        self, x: float, y: float, text: str, color: str = _DIM, *, size: int = 12, anchor: str = "la"
    ) -> None:
        """Write one line of `text`; `anchor` takes Pillow's names."""
        self._draw.text((x * _FINER, y * _FINER), text, fill=color, font=self._fonts[size], anchor=anchor)

    def width(self, text: str) -> float:
        """Return the width of a legend's text."""
        return self._draw.textlength(text, font=self._fonts[12]) / _FINER


def run_png(view: RunView) -> bytes:
    """Return the image, `WIDTH` by `HEIGHT`.

    It says so if no figures over time were recorded.
    """
    image = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), "white")
    pen = Pen(image)
    pen.text(_LEFT, 12, cut(view.title, _TITLE_CHARS), _INK, size=17)
    pen.text(_LEFT, 38, cut(view.explanation.headline, _TITLE_CHARS), _DIM, size=13)
    points = view.points(_RIGHT - _LEFT)
    if points is None:
        pen.text(WIDTH / 2, HEIGHT / 2, "no figures over time were recorded", _DIM, size=17, anchor="mm")
    else:
        _draw(pen, panels(points, unanswered=bool(view.timeline and any(view.timeline.unanswered))), points)
    file = io.BytesIO()
    image.reduce(_FINER).quantize(_COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        file, "PNG"
    )
    return file.getvalue()


def _draw(pen: Pen, shown: Iterable[Panel], points: Points) -> None:
    seconds = points.to_s[-1] or 1.0
    for panel in shown:
        _scale(pen, panel)
        _time(pen, panel, seconds)
        _legend(pen, panel)
        for line in panel.lines:
            for piece in _pieces(points.middle_s, line.values):
                _, y_of = _placing(panel)
                places = [(_x(at_s, seconds), y_of(value)) for at_s, value in piece]
                pen.line(places, line.color, 1.6)


def panels(points: Points, *, unanswered: bool) -> Iterator[Panel]:
    """Yield the latency panel and the rate panel; latency leaves out requests without an answer."""
    middle = (HEIGHT + _TITLE - _BOTTOM) // 2
    latencies = (
        Line("p50", "#54aeff", points.p50_ms),
        Line("p95", "#0969da", points.p95_ms),
        Line("p99", "#bc4c00", points.p99_ms),
    )
    yield Panel(
        "latency of answers, ms" if unanswered else "latency, ms", latencies, _TITLE + 26, middle - 28
    )
    rates = (
        Line("planned iterations/s", "#8c959f", points.asked_per_s),
        Line("requests/s", "#1a7f37", points.requests_per_s),
        Line("failed/s", "#cf222e", points.failed_per_s),
    )
    known = tuple(line for line in rates if any(value is not None for value in line.values))
    yield Panel("requests", known, middle + 26, HEIGHT - _BOTTOM)


def _pieces(x: Sequence[float], values: Numbers) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches without a gap, so that nothing is drawn where there is no figure."""
    piece: list[tuple[float, float]] = []
    for at_s, value in zip(x, values, strict=True):
        if value is not None:
            piece.append((at_s, value))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def ticks(highest: float) -> list[float]:
    """Return round numbers from 0 to at least `highest`, in steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(highest / _MARKS))
    step = next((step for factor in (1, 2, 5) if (step := factor * power) * _MARKS >= highest), 10 * power)
    return [step * index for index in range(math.ceil(round(highest / step, 6)) + 1)]


def _placing(panel: Panel) -> tuple[list[float], Callable[[float], float]]:
    marks = ticks(panel.highest)
    height = panel.bottom - panel.top
    return marks, lambda value: panel.bottom - value / marks[-1] * height


def _scale(pen: Pen, panel: Panel) -> None:
    marks, y_of = _placing(panel)
    for mark in marks:
        y = y_of(mark)
        pen.line(((_LEFT, y), (_RIGHT, y)), _GRID)
        pen.text(_LEFT - 8, y, number(mark), anchor="rm")


def _time(pen: Pen, panel: Panel, seconds: float) -> None:
    step = next((step for step in _TIME_STEPS_S if step * _TIME_MARKS >= seconds), seconds / _TIME_MARKS)
    for index in range(math.floor(seconds / step + 1e-6) + 1):
        x = _x(step * index, seconds)
        pen.line(((x, panel.bottom), (x, panel.bottom + 4)), _DIM)
        pen.text(x, panel.bottom + 7, format_duration(step * index) if index else "0", anchor="ma")


def _legend(pen: Pen, panel: Panel) -> None:
    y = panel.top - 14
    pen.text(_LEFT, y, panel.title, _INK, anchor="lm")
    x = float(_RIGHT)
    for line in reversed(panel.lines):
        x -= pen.width(line.label)
        pen.text(x, y, line.label, _INK, anchor="lm")
        pen.line(((x - 22, y), (x - 6, y)), line.color, 3)
        x -= 40


def _x(second: float, seconds: float) -> float:
    return _LEFT + second / seconds * (_RIGHT - _LEFT)
