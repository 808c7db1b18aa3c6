"""The rules that ARCHITECTURE.md states, held."""

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


def test_the_whole_package_is_looked_at() -> None:
    modules = {source.module for source in package_sources(ROOT)}

    assert {"__init__", "errors", "models", "models.run", "runners.local", "service", "frontends.mcp_server"} <= modules


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (architecture.layers, "models.run", "from k6_mcp.service import LoadTests"),
        (architecture.layers, "errors", "import k6_mcp.models.run"),
        (architecture.layers, "analysis.verdict", "from k6_mcp.history.history import History"),
        (architecture.layers, "service", "from k6_mcp.app import open_app"),
        (architecture.layers, "frontends.oneshot", "from k6_mcp import cli"),
        (architecture.layers, "stray", "import json"),
        (architecture.owners, "cli.main", "from mcp import Client"),
        (architecture.owners, "frontends.oneshot", "import mcp_types"),
        (architecture.owners, "service", "import aiosqlite"),
        (architecture.owners, "analysis.summary", "from jinja2 import Template"),
        (architecture.owners, "reports.answer", "from rich.console import Console"),
        (architecture.owners, "service", "import subprocess"),
        (architecture.processes, "app", "import signal\nsignal.signal(signal.SIGTERM, print)"),
        (architecture.processes, "service", "import os\nos.kill(1, 2)"),
        (architecture.processes, "history.database", "from os import killpg"),
        (architecture.environment, "app", "import os\nx = os.environ.get('X')"),
        (architecture.environment, "app", "from os import getenv"),
        (architecture.stdout, "service", "import sys\nsys.stdout.write('x')"),
        (architecture.stdout, "cli.main", "print('x')"),
        (architecture.import_style, "limits", "from . import app"),
        (architecture.import_style, "limits", "def f():\n    import json"),
        (architecture.length, "service", "x = 1\n" * (LONGEST_FILE + 1)),
    ],
)
def test_a_planted_violation_is_found(rule: Rule, module: str, text: str) -> None:
    assert len([*rule(Source(module, text))]) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("service", "from k6_mcp.runners.base import Runner\nfrom k6_mcp import limits"),
        ("frontends.mcp_server.tools", "from mcp.server import MCPServer\nfrom k6_mcp.service import LoadTests"),
        ("settings", "import os\nx = os.environ"),
        ("runners.process", "import signal\nimport os\nos.killpg(1, signal.SIGKILL)"),
        ("cli.main", "import sys\nsys.stdout.write('x')\nfrom rich.console import Console"),
        ("history.database", "import aiosqlite"),
        ("analysis.endings", "import signal\nkill = signal.SIGKILL"),
    ],
)
def test_an_owner_may_do_what_it_owns(module: str, text: str) -> None:
    source = Source(module, text)

    assert [violation for rule in RULES for violation in rule(source)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_file_is_too_long(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= LONGEST_FILE
