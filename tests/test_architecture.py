"""The rules that ARCHITECTURE.md states hold."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import LONGEST_FILE, RULES, Source, package_sources

ROOT = Path(__file__).parents[1]
Rule = Callable[[Source], Iterator[str]]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.__name__) for rule in RULES])
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    sources = package_sources(ROOT)

    assert [violation for source in sources for violation in rule(source)] == []


def test_no_modules_import_each_other_in_a_cycle() -> None:
    assert [*architecture.cycles(package_sources(ROOT))] == []


def test_a_planted_cycle_is_found() -> None:
    circle = (
        Source("history.a", "from k6_mcp.history.b import x"),
        Source("history.b", "def f():\n    from k6_mcp.history.c import y"),
        Source("history.c", "from k6_mcp.history import a"),
        Source("history.d", "from k6_mcp.history.a import x"),
    )
    assert len([*architecture.cycles(circle)]) == 1
    assert [*architecture.cycles(circle[:2])] == []


@pytest.mark.parametrize(("folder", "most"), [("", 7), ("analysis", 1)])
def test_few_modules_are_next_to_the_folders(folder: str, most: int) -> None:
    assert len([*(ROOT / architecture.PACKAGE / folder).glob("*.py")]) <= most


def test_the_whole_package_is_checked() -> None:
    modules = {source.module for source in package_sources(ROOT)}

    assert {
        "__init__",
        "errors",
        "models",
        "models.run",
        "runners.local",
        "service",
        "frontends.mcp_server",
    } <= modules


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (architecture.layers, "models.run", "from k6_mcp.service.load_tests import LoadTests"),
        (architecture.layers, "errors", "import k6_mcp.models.run"),
        (architecture.layers, "analysis.verdict.verdict", "from k6_mcp.history.history import History"),
        (architecture.layers, "service.load_tests", "from k6_mcp.app import open_app"),
        (architecture.layers, "frontends.oneshot.loop", "from k6_mcp.frontends import cli"),
        (architecture.layers, "analysis.measure.summary", "from k6_mcp.analysis.verdict.case import Case"),
        (architecture.layers, "analysis.compare.changes", "from k6_mcp.analysis.verdict.case import Case"),
        (architecture.layers, "analysis.stray", "import json"),
        (architecture.layers, "stray", "import json"),
        (architecture.owners, "frontends.cli.main", "from mcp import Client"),
        (architecture.owners, "frontends.oneshot.loop", "import mcp_types"),
        (architecture.owners, "service.load_tests", "import aiosqlite"),
        (architecture.owners, "analysis.measure.summary", "from jinja2 import Template"),
        (architecture.owners, "reports.html", "from rich.console import Console"),
        (architecture.owners, "service.load_tests", "import subprocess"),
        (architecture.processes, "app", "import signal\nsignal.signal(signal.SIGTERM, print)"),
        (architecture.processes, "service.load_tests", "import os\nos.kill(1, 2)"),
        (architecture.processes, "history.database", "from os import killpg"),
        (architecture.environment, "app", "import os\nx = os.environ.get('X')"),
        (architecture.environment, "app", "from os import getenv"),
        (architecture.stdout, "service.load_tests", "import sys\nsys.stdout.write('x')"),
        (architecture.stdout, "frontends.cli.main", "print('x')"),
        (architecture.import_style, "permissions.caps", "from . import app"),
        (architecture.import_style, "permissions.caps", "def f():\n    import json"),
        (architecture.checked_changes, "service.queue", "run.model_copy(update={'statsu': 'failed'})"),
        (architecture.length, "service.load_tests", "x = 1\n" * (LONGEST_FILE + 1)),
    ],
)
def test_a_planted_violation_is_found(rule: Rule, module: str, text: str) -> None:
    assert len([*rule(Source(module, text))]) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("service.load_tests", "from k6_mcp.runners.base import Runner\nfrom k6_mcp.permissions import caps"),
        (
            "frontends.mcp_server.tools",
            "from mcp.server import MCPServer\nfrom k6_mcp.service.load_tests import LoadTests",
        ),
        ("settings", "import os\nx = os.environ"),
        ("runners.process", "import signal\nimport os\nos.killpg(1, signal.SIGKILL)"),
        ("frontends.cli.main", "import sys\nsys.stdout.write('x')\nfrom rich.console import Console"),
        ("history.database", "import aiosqlite"),
        ("models.run", "copy = run.model_copy()"),
        ("frontends.mcp_server.run_app", "tool.model_copy(update={'meta': {}})"),
        ("analysis.verdict.endings", "import signal\nkill = signal.SIGKILL"),
    ],
)
def test_an_owner_may_do_what_it_owns(module: str, text: str) -> None:
    source = Source(module, text)

    assert [violation for rule in RULES for violation in rule(source)] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_test_file_is_too_long(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= LONGEST_FILE
