"""The documents are held to the code: what the code offers is named there, and what they name is there."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast, get_args

import pytest

from benchmarks.evidence import leaves
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
from tests.documented import commands

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(ROOT.glob("docs/*.md"))
MANUAL = "\n".join([README, *(path.read_text(encoding="utf-8") for path in PAGES)])
TOOLS = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
ANSWERS = (ROOT / "docs" / "evidence" / "answers.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
LONGEST_README = 150
FIRST_TEST_BY_LINE = 40
SOURCES = sorted((ROOT / "k6_mcp").rglob("*.py"))

_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_JSON_BLOCK = re.compile(r"^```json\n(.+?)^```$", re.MULTILINE | re.DOTALL)
_TOOL_SECTION = re.compile(r"^## (\w+):", re.MULTILINE)
_TEXT_BLOCK = re.compile(r"^```text\n(.+?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_NOTICE = re.compile(r"(?:Notice\(\s*code=|_notice\()\"(\w+)\"")
# Of the figures; becomes a notice
_WARNING = re.compile(r"yield\s*\(?\s*f?\"(\w+): ")
_SETTING = re.compile(r"\b(?:K6_[A-Z0-9_]+|DATABASE_URL|LOG_LEVEL|GEMINI_API_KEY)\b")


class _Recorded(dict[str, str]):
    """An environment that remembers which variables were read."""

    def __init__(self) -> None:
        super().__init__(HOME="/home/nobody")
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


def settings_names() -> set[str]:
    """Return the names of every setting that the code reads."""
    environ = _Recorded()
    Settings.from_environment(cast("Mapping[str, str]", environ))
    return {name for name in environ.asked if _SETTING.fullmatch(name)}


def offered_words() -> Iterator[str]:
    """Yield every word of the interface that a reader may look for."""
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
    """Return the anchors of a document's headings."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(text)}


def json_examples(text: str) -> Iterator[dict[str, object]]:
    """Yield every JSON example; all are objects."""
    for block in _JSON_BLOCK.findall(text):
        yield cast("dict[str, object]", json.loads(block))


@pytest.mark.parametrize("word", sorted(set(offered_words())))
def test_the_manual_names_the_word(word: str) -> None:
    assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", code_in(MANUAL)), f"no page names `{word}`"


async def test_the_manual_names_every_tool_and_each_of_its_arguments() -> None:
    server = build_server(lambda: pytest.fail("nothing opens the service"))
    named = code_in(MANUAL)

    tools = await server.list_tools()

    missing = [tool.name for tool in tools if tool.name not in named]
    missing += [
        f"{tool.name}: {name}"
        for tool in tools
        for name in tool.input_schema["properties"]
        if name not in named
    ]
    assert (len(tools), missing) == (11, [])


async def test_the_manual_names_every_resource_and_prompt() -> None:
    server = build_server(lambda: pytest.fail("nothing opens the service"))

    names = [str(resource.uri) for resource in await server.list_resources()]
    names += [template.uri_template for template in await server.list_resource_templates()]
    names += [prompt.name for prompt in await server.list_prompts()]

    assert len(names) == 17
    assert [name for name in names if name not in code_in(MANUAL)] == []


def test_the_manual_names_no_setting_that_is_not_there() -> None:
    assert set(_SETTING.findall(MANUAL)) - settings_names() == set()


def test_the_manual_states_the_limits_in_force() -> None:
    limits = Limits()
    stated = {
        "K6_MCP_MAX_CONCURRENT_RUNS": limits.max_concurrent_runs,
        "K6_MCP_MAX_VUS": limits.max_vus,
        "K6_MCP_MAX_DURATION": limits.max_duration_s,
        "K6_MCP_MAX_RPS": limits.max_rps,
        "K6_MCP_MAX_SCRIPT_BYTES": limits.max_script_bytes,
    }

    missing = [
        f"{name}: {value:g}" for name, value in stated.items() if f"| `{name}` | {value:.0f} |" not in MANUAL
    ]

    assert missing == []


def test_the_manual_states_the_rates_of_the_presets() -> None:
    assert [name for name, size in PRESETS.items() if f"| `{name}` | {size.rate_per_s} |" not in MANUAL] == []


def test_the_manual_names_every_command_of_the_terminal() -> None:
    commands = re.findall(r"^    ([a-z]+)", build_parser().format_help(), re.MULTILINE)

    assert len(commands) == len(set(commands)) >= 12
    assert [name for name in commands if f"`k6-mcp {name}" not in MANUAL] == []


def test_the_changelog_names_every_command_of_the_terminal() -> None:
    commands_ = re.findall(r"^    ([a-z]+)", build_parser().format_help(), re.MULTILINE)

    assert [name for name in commands_ if f"`{name}`" not in CHANGELOG] == []


def test_documented_files_are_there() -> None:
    named = re.findall(r" -r ([^\s`,]+)", MANUAL + CONTRIBUTING)

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_manual_names_every_file_of_a_run() -> None:
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

    assert [path.name for path in kept if path.name not in MANUAL] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    broken: list[str] = []
    for link in ("".join(groups) for groups in _LINK.findall(text)):
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


@pytest.mark.parametrize("text", [TOOLS, ANSWERS], ids=["tools.md", "answers.md"])
def test_example_answers_have_the_shape_of_answers(text: str) -> None:
    runs = [example for example in json_examples(text) if {"run_id", "headline"} <= example.keys()]

    answers = [RunAnswer.model_validate(_known(run)) for run in runs]

    assert answers != []


def test_example_arguments_are_accepted() -> None:
    tests = [example for example in json_examples(MANUAL) if example.keys() & {"url", "script_file"}]

    assert {parse_load_test(test).url for test in tests} == {"http://127.0.0.1:8000/"}


def test_the_readme_is_short_and_leads_to_a_first_test_soon() -> None:
    lines = README.splitlines()
    first = next(number for number, line in enumerate(lines, start=1) if line.startswith("k6-mcp run "))

    assert len(lines) <= LONGEST_README
    assert first < FIRST_TEST_BY_LINE
    assert [target for target in ("make setup", "make demo", "make test") if target not in README] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_is_broken_across_lines(document: Path) -> None:
    prose = _FENCED.sub("", document.read_text(encoding="utf-8"))

    assert [line for line in prose.splitlines() if line.count("`") % 2] == []


def test_the_list_of_pages_has_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs") for path in DOCUMENTS if path.is_relative_to(ROOT / "docs")]

    assert [str(page) for page in pages if page.name != "README.md" and f"]({page})" not in index] == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in PAGES)])
def test_documented_commands_are_understood(page: str) -> None:
    parser = build_parser()

    for command in commands(page):
        for part in command.split(" && "):
            if part.startswith("k6-mcp "):
                assert parser.parse_args(shlex.split(part)[1:]), part


def test_documented_make_targets_exist() -> None:
    targets = set(
        re.findall(r"^([a-z][a-z ]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )

    named = set(re.findall(r"(?:`|^)make ([a-z]+)", MANUAL + CONTRIBUTING, re.MULTILINE))

    assert named - {target for line in targets for target in line.split()} == set()


def test_the_shortened_answer_of_the_manual_is_one_of_the_answers() -> None:
    (shown,) = (example for example in json_examples(TOOLS) if "headline" in example)
    answers = [example for example in json_examples(ANSWERS) if "headline" in example]
    whole = next(answer for answer in answers if answer.get("name") == shown["name"])

    assert set(leaves("", shown)) - set(leaves("", whole)) == set()


def test_the_refused_call_of_the_manual_is_one_of_the_answers() -> None:
    (shown,) = (" ".join(text.split()) for text in _TEXT_BLOCK.findall(TOOLS))

    assert shown in ANSWERS


def _known(run: dict[str, object]) -> dict[str, object]:
    """Return an answer without its mark, and without the fields that get_run and analyze_run add."""
    return {
        name: value
        for name, value in run.items()
        if name not in ("metrics", "observations", "next_steps", "untrusted")
    }
