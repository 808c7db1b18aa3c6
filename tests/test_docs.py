"""The documents are held to the code: what the code offers is named there, and what they name is there."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast, get_args

import pytest

from k6_mcp import __version__, errors
from k6_mcp.answers.oneshot import ErrorType, OneShotAnswer
from k6_mcp.answers.run import RunAnswer
from k6_mcp.frontends.cli.parser import build_parser
from k6_mcp.frontends.mcp_server.server import build_server
from k6_mcp.frontends.oneshot.request import METHODS
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.request import Preset, Slo
from k6_mcp.models.run import Status
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.scripts.presets import PRESETS
from k6_mcp.settings import Limits, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ANSWERS = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
SOURCES = sorted((ROOT / "k6_mcp").rglob("*.py"))

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_JSON_BLOCK = re.compile(r"^```json\n(.+?)^```$", re.MULTILINE | re.DOTALL)
_TOOL_SECTION = re.compile(r"^## (\w+):", re.MULTILINE)
_NOTICE = re.compile(r"(?:Notice\(\s*code=|_notice\()\"(\w+)\"")
# Of the figures; becomes a notice
_WARNING = re.compile(r"yield\s*\(?\s*f?\"(\w+): ")
_SETTING = re.compile(r"\b(?:K6_[A-Z0-9_]+|DATABASE_URL|LOG_LEVEL|GEMINI_API_KEY)\b")


class _Recorded(dict[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self) -> None:
        super().__init__(HOME="/home/nobody")
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


def settings_names() -> set[str]:
    """Every setting that the code reads."""
    environ = _Recorded()
    Settings.from_environment(cast("Mapping[str, str]", environ))
    return {name for name in environ.asked if _SETTING.fullmatch(name)}


def offered_words() -> Iterator[str]:
    """Every word of the interface that a reader may look for."""
    yield from get_args(Status)
    yield from get_args(FailureKind)
    yield from get_args(Preset)
    yield from get_args(ErrorType)
    yield from Slo.model_fields
    yield from OneShotAnswer.model_fields
    yield from METHODS
    yield from settings_names()
    yield from (error.code for error in every_error(errors.K6McpError))
    yield from _NOTICE.findall("\n".join(path.read_text(encoding="utf-8") for path in SOURCES))
    yield from _WARNING.findall(
        (ROOT / "k6_mcp" / "analysis" / "measure" / "summary.py").read_text(encoding="utf-8")
    )


def every_error(base: type[errors.K6McpError]) -> Iterator[type[errors.K6McpError]]:
    """Yield `base` and what is derived from it."""
    yield base
    for derived in base.__subclasses__():
        yield from every_error(derived)


def code_in(text: str) -> str:
    """Everything in `text` that is marked as code."""
    return "\n".join(re.findall(r"`([^`\n]+)`", text))


def anchors(text: str) -> set[str]:
    """The addresses of the headings of a document."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(text)}


def json_examples(text: str) -> Iterator[dict[str, object]]:
    """Yield every JSON example; all are objects."""
    for block in _JSON_BLOCK.findall(text):
        yield cast("dict[str, object]", json.loads(block))


@pytest.mark.parametrize("word", sorted(set(offered_words())))
def test_the_readme_names_the_word(word: str) -> None:
    assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", code_in(README)), f"README.md does not name `{word}`"


async def test_the_readme_names_every_tool_and_each_of_its_arguments() -> None:
    server = build_server(lambda: pytest.fail("nothing opens the service"))
    words = code_in(README)

    tools = await server.list_tools()

    missing = [tool.name for tool in tools if tool.name not in words]
    missing += [
        f"{tool.name}: {name}"
        for tool in tools
        for name in tool.input_schema["properties"]
        if name not in words
    ]
    assert (len(tools), missing) == (11, [])


async def test_the_readme_names_every_resource_and_prompt() -> None:
    server = build_server(lambda: pytest.fail("nothing opens the service"))

    names = [str(resource.uri) for resource in await server.list_resources()]
    names += [template.uri_template for template in await server.list_resource_templates()]
    names += [prompt.name for prompt in await server.list_prompts()]

    assert len(names) == 17
    assert [name for name in names if name not in code_in(README)] == []


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    assert set(_SETTING.findall(README)) - settings_names() == set()


def test_the_readme_states_the_limits_in_force() -> None:
    limits = Limits()
    stated = {
        "K6_MCP_MAX_CONCURRENT_RUNS": limits.max_concurrent_runs,
        "K6_MCP_MAX_VUS": limits.max_vus,
        "K6_MCP_MAX_DURATION": limits.max_duration_s,
        "K6_MCP_MAX_RPS": limits.max_rps,
        "K6_MCP_MAX_SCRIPT_BYTES": limits.max_script_bytes,
    }

    missing = [
        f"{name}: {value:g}" for name, value in stated.items() if f"| `{name}` | {value:.0f} |" not in README
    ]

    assert missing == []


def test_the_readme_states_the_rates_of_the_presets() -> None:
    assert [name for name, size in PRESETS.items() if f"| `{name}` | {size.rate_per_s} |" not in README] == []


def test_the_readme_names_every_command_of_the_terminal() -> None:
    commands = re.findall(r"^    ([a-z]+)", build_parser().format_help(), re.MULTILINE)

    assert len(commands) == len(set(commands)) >= 12
    assert [name for name in commands if f"`k6-mcp {name}" not in README] == []


def test_the_readme_names_every_file_of_a_run() -> None:
    folder = RunFolder(Path("/results"), "r-1")
    kept = (
        folder.run_json,
        folder.script,
        folder.summary,
        folder.export,
        folder.record,
        folder.timeline,
        folder.log,
    )

    assert [path.name for path in kept if path.name not in README] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    broken: list[str] = []
    for link in _LINK.findall(text):
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)

    assert broken == []


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    versions = re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)

    assert versions[0] == __version__


async def test_there_is_an_example_answer_of_every_tool() -> None:
    server = build_server(lambda: pytest.fail("nothing opens the service"))

    shown = set(_TOOL_SECTION.findall(ANSWERS))

    assert shown == {*(tool.name for tool in await server.list_tools()), "execute_k6_test_with_options"}


@pytest.mark.parametrize("text", [README, ANSWERS], ids=["README.md", "answers.md"])
def test_example_answers_have_the_shape_of_answers(text: str) -> None:
    runs = [example for example in json_examples(text) if {"run_id", "headline"} <= example.keys()]

    answers = [RunAnswer.model_validate(_known(run)) for run in runs]

    assert answers != []


def test_example_arguments_are_accepted() -> None:
    tests = [example for example in json_examples(README) if example.keys() & {"url", "script_file"}]

    assert [parse_load_test(test).url for test in tests] == ["http://127.0.0.1:8000/"]


def _known(run: dict[str, object]) -> dict[str, object]:
    """An answer without its mark, and without what get_run and analyze_run add to it."""
    return {
        name: value
        for name, value in run.items()
        if name not in ("metrics", "observations", "next_steps", "untrusted")
    }
