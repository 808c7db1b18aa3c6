"""Resources: the presets, everything stored about a run, and its reports, cut to a readable size."""

from collections.abc import Awaitable, Callable
from typing import cast, get_args

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from k6_mcp.answers.budget import Json, compact, fitted, head, tail, with_mark
from k6_mcp.answers.details import every_metric
from k6_mcp.answers.report import REPORT_URI
from k6_mcp.answers.run import run_answer
from k6_mcp.answers.timeline import whole_timeline
from k6_mcp.frontends.mcp_server.resource_errors import reading
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.models.hidden_characters import visible
from k6_mcp.models.report_formats import FILE_TYPES, ReportFormat
from k6_mcp.models.request import LoadTest, Preset
from k6_mcp.models.untrusted import NOTE
from k6_mcp.scripts.load import url_load
from k6_mcp.scripts.presets import PRESETS
from k6_mcp.scripts.thresholds import url_thresholds

PRESETS_URI = "k6://presets"
RUN_URI = "k6://runs/{run_id}/"
# A client reads a resource when it wants all of it, so this is more than the budget of an answer.
_LONGEST_BYTES = 256_000
_JSON = "application/json"
Read = Callable[[str], Awaitable[str]]


class RunResources:
    """Everything stored about a run, as text."""

    def __init__(self, opened: OpenedService) -> None:
        self._opened = opened

    # The docstrings of these methods are what clients read about the resources.

    async def summary(self, run_id: str) -> str:
        """The result of a run, as execute_k6_test returns it."""
        async with reading(self._opened) as service:
            return compact(with_mark(run_answer(await service.get(run_id))))

    async def metrics(self, run_id: str) -> str:
        """Every metric of a run: figures, thresholds, checks, errors, all of k6's rows."""
        async with reading(self._opened) as service:
            return compact(fitted(with_mark(every_metric(await service.get(run_id))), _LONGEST_BYTES))

    async def timeline(self, run_id: str) -> str:
        """A run over time, interval by interval, and its phases; while it runs, what is recorded so far."""
        async with reading(self._opened) as service:
            run = await service.get(run_id)
            timeline = await service.timeline(run)
        if timeline is None:
            raise ResourceNotFoundError(
                f"{run.run_id} has no timeline: k6 recorded nothing, or the file is damaged"
            )
        return whole_timeline(run, timeline)

    async def log(self, run_id: str) -> str:
        """The end of k6's log of a run: untrusted output from the script and the target, redacted."""
        async with reading(self._opened) as service:
            text, left_out = tail(visible(await service.log(run_id)), _LONGEST_BYTES)
        return f"[{NOTE}{_left_out(left_out)}]\n{text}"

    async def script(self, run_id: str) -> str:
        """The script of a run, without secrets."""
        async with reading(self._opened) as service:
            text, left_out = head(visible(await service.script(run_id)), _LONGEST_BYTES)
        return f"// {NOTE}{_left_out(left_out)}\n{text}"


def _left_out(characters: int) -> str:
    return f" {characters} characters are left out." if characters else ""


async def presets() -> str:
    """The load and the thresholds behind each preset of execute_k6_test."""
    return compact({name: preset_plan(name) for name in PRESETS})


async def one_preset(preset: str) -> str:
    """The load and the thresholds behind one preset: low, medium or high."""
    for name in PRESETS:
        if name == preset:
            return compact(preset_plan(name))
    raise ResourceNotFoundError(f"no preset is called {preset[:40]!r}; use {', '.join(PRESETS)}")


def preset_plan(name: Preset) -> Json:
    """Return a preset as k6 options.

    It is an arrival-rate scenario with one request per iteration, and its thresholds.
    """
    test = LoadTest(url="http://localhost/", preset=name)
    return cast("Json", {"scenario": url_load(test), "thresholds": url_thresholds(test)})


def add_resources(server: MCPServer[OpenedService], opened: OpenedService) -> None:
    """Register every resource."""
    runs = RunResources(opened)
    server.resource(PRESETS_URI, name="presets", title="Presets", mime_type=_JSON)(presets)
    server.resource(PRESETS_URI + "/{preset}", name="preset", title="A preset", mime_type=_JSON)(one_preset)
    parts: tuple[tuple[str, str, str, Read], ...] = (
        ("summary", "Result of a run", _JSON, runs.summary),
        ("metrics", "All metrics of a run", _JSON, runs.metrics),
        ("timeline", "A run over time", _JSON, runs.timeline),
        ("log", "k6's log of a run", "text/plain", runs.log),
        ("script", "Script of a run", "text/javascript", runs.script),
    )
    for name, title, mime_type, read in parts:
        server.resource(RUN_URI + name, name=f"run-{name}", title=title, mime_type=mime_type)(read)
    for format in get_args(ReportFormat):
        kind = FILE_TYPES[format]
        template = server.resource(
            f"{REPORT_URI}.{kind.extension}",
            name=f"run-report-{format}",
            title=f"Report of a run ({format})",
            mime_type=kind.media_type,
        )
        template(_report_reader(opened, format))


def _report_reader(opened: OpenedService, format: ReportFormat) -> Callable[[str], Awaitable[str | bytes]]:
    """Return the reader of a report; a running test's report shows what is known so far."""

    async def read(run_id: str) -> str | bytes:
        """A report of a run, for people or programs."""
        async with reading(opened) as service:
            content = await service.kept_runs.rendered(run_id, format)
        return content.decode() if FILE_TYPES[format].text else content

    return read
