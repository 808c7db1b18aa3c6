"""The rules of ARCHITECTURE.md as functions over source text; each yields a sentence per violation."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PACKAGE = "k6_mcp"
LONGEST_FILE = 400

# Lowest first: a part imports only from lines above its own, and from itself. The folders named below have
# floors of their own.
LAYERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "": (
        ("__init__", "errors"),
        ("redaction",),
        ("models",),
        ("settings", "threads"),
        ("definitions", "scripts", "analysis", "advice", "workspace"),
        ("permissions", "runners", "history", "answers"),
        ("reports",),
        ("service",),
        ("app",),
        ("frontends",),
        ("entry", "__main__"),
    ),
    "analysis": (
        ("__init__",),
        ("numbers",),
        ("measure",),
        ("verdict", "compare"),
        ("findings", "many"),
    ),
    "frontends": (
        ("__init__",),
        ("use_cases", "standard_streams"),
        ("first_line",),
        ("mcp_server", "oneshot"),
        ("cli",),
    ),
}

OWNERS: Mapping[str, tuple[str, ...]] = {
    "mcp": ("frontends.mcp_server",),
    "mcp_types": ("frontends.mcp_server",),
    "aiosqlite": ("history",),
    "sqlite3": ("history",),
    "jinja2": ("scripts", "reports"),
    "PIL": ("reports",),
    "httpx2": ("advice",),
    "pydantic_ai": ("advice.library",),
    "rich": ("frontends.cli",),
    "argparse": ("frontends.cli",),
    "subprocess": ("runners",),
    "resource": ("runners",),
}
# Naming a signal isn't using one: `signal` may be imported for its constants.
PROCESS_CALLS = {
    "anyio.open_process",
    "anyio.open_signal_receiver",
    "anyio.run_process",
    "os.fork",
    "os.kill",
    "os.killpg",
    "os.posix_spawn",
    "os.waitpid",
    "signal.pthread_kill",
    "signal.raise_signal",
    "signal.signal",
}
PROCESS_OWNERS = ("runners",)
ENVIRONMENT = {"os.environ", "os.getenv", "os.putenv", "os.environb"}
ENVIRONMENT_OWNERS = ("settings",)
# The last one is the transport itself
STDOUT_OWNERS = (
    "frontends.cli",
    "frontends.oneshot",
    "frontends.standard_streams",
    "frontends.mcp_server",
)
# The values of the MCP library have no other way
COPY_OWNERS = ("frontends.mcp_server.run_app",)
# start-up: what is not used is not imported
LAZY_OWNERS = (
    "service.queue",
    "service.load_tests",
    "advice.choose",
    "entry",
    "frontends.cli.main",
    "frontends.mcp_server.run_app",
    "frontends.mcp_server.serve",
    "frontends.mcp_server.stdio",
    "frontends.oneshot",
    "frontends.use_cases.catalog",
    "history.history",
    "reports.formats",
    "reports.pages",
    "runners.local",
    "scripts.templates",
    "settings",
)


@dataclass(frozen=True)
class Source:
    """One file: its module name within the package (`runners.local`, `__init__`) and its text."""

    module: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Return every node of the tree; all rules read them."""
        return tuple(ast.walk(self.tree))

    def within(self, owners: tuple[str, ...]) -> bool:
        """Return whether this module is one of `owners` or is inside one."""
        return any(self.module == owner or self.module.startswith(f"{owner}.") for owner in owners)


@cache
def package_sources(root: Path) -> tuple[Source, ...]:
    """Return every module of the package in the checkout `root`, read and parsed once."""
    package = root / PACKAGE
    return tuple(
        Source(_module(path.relative_to(package)), path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    )


def layers(source: Source) -> Iterator[str]:
    """Check that imports point to lower layers, never sideways or up."""
    for folder, floors in LAYERS.items():
        if source.within((folder,)) if folder else True:
            yield from _upward(source, folder, floors)


def _upward(source: Source, folder: str, floors: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Yield the imports of `source` that don't point down among the parts of `folder`."""
    rank = {part: number for number, line in enumerate(floors) for part in line}
    own = _part(source.module, folder)
    if own not in rank:
        yield f"{source.module}: is in no layer; add {own!r} to LAYERS and ARCHITECTURE.md"
        return
    root = f"{PACKAGE}.{folder}" if folder else PACKAGE
    for name in imported(source.nodes):
        if name.startswith(f"{root}."):
            part = _part(name.removeprefix(f"{PACKAGE}."), folder)
            if part != own and part in rank and rank[part] >= rank[own]:
                yield f"{source.module}: imports {name}, which is not below it"


def _part(module: str, folder: str) -> str:
    """Return the part of `folder` that `module` belongs to."""
    return module.removeprefix(folder).removeprefix(".").partition(".")[0] or "__init__"


def cycles(sources: Iterable[Source]) -> Iterator[str]:
    """Check that no modules import each other in a cycle, lazily or not."""
    known = {source.module: source for source in sources}
    graph = {name: {*_imported_modules(source, known)} - {name} for name, source in known.items()}
    while free := [name for name, below in graph.items() if not below & graph.keys()]:
        for name in free:
            del graph[name]
    if graph:
        yield f"these modules, or some of them, import each other: {', '.join(sorted(graph))}"


def _imported_modules(source: Source, known: Mapping[str, Source]) -> Iterator[str]:
    for name in imported(source.nodes):
        module = name.removeprefix(f"{PACKAGE}.")
        while module and module not in known:
            module = module.rpartition(".")[0]
        if name.startswith(f"{PACKAGE}.") and module:
            yield module


def owners(source: Source) -> Iterator[str]:
    """Check that a library is imported only by the part that owns it."""
    for name in imported(source.nodes):
        library = name.partition(".")[0]
        if library in OWNERS and not source.within(OWNERS[library]):
            yield f"{source.module}: imports {library}, which belongs to {', '.join(OWNERS[library])}"


def processes(source: Source) -> Iterator[str]:
    """Check that only runners start processes and send signals."""
    if not source.within(PROCESS_OWNERS):
        yield from _uses(source, PROCESS_CALLS, "processes belong to runners")


def environment(source: Source) -> Iterator[str]:
    """Check that only settings reads the environment."""
    if not source.within(ENVIRONMENT_OWNERS):
        yield from _uses(source, ENVIRONMENT, "the environment belongs to settings")


def stdout(source: Source) -> Iterator[str]:
    """Check that only the terminal and the one-shot front end write to stdout, which carries the protocol."""
    yield from (f"{source.module}: calls print" for node in source.nodes if _is_print(node))
    if not source.within(STDOUT_OWNERS):
        yield from _uses(source, {"sys.stdout", "sys.__stdout__"}, "stdout is the wire")


def import_style(source: Source) -> Iterator[str]:
    """Check that imports are absolute and at the top of the file."""
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{source.module}: line {node.lineno} is a relative import"
    if not source.within(LAZY_OWNERS):
        for function in source.nodes:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from (
                    f"{source.module}: {function.name} imports {name}"
                    for name in imported(ast.walk(function))
                )


def checked_changes(source: Source) -> Iterator[str]:
    """Our own values change by `Model.changed`: `model_copy(update=…)` checks neither names nor types."""
    if not source.within(COPY_OWNERS):
        for node in source.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "model_copy" and (node.args or node.keywords):
                    yield f"{source.module}: line {node.lineno} changes a copy unchecked; use Model.changed"


def length(source: Source) -> Iterator[str]:
    """Check that files stay short enough to read."""
    if (lines := source.text.count("\n")) > LONGEST_FILE:
        yield f"{source.module}: has {lines} lines, more than {LONGEST_FILE}; split it"


RULES = (layers, owners, processes, environment, stdout, import_style, checked_changes, length)


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield every module that an import among `nodes` names; `from a import b` gives `a.b`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _uses(source: Source, names: set[str], reason: str) -> Iterator[str]:
    last = {name.rpartition(".")[2] for name in names}
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in last and (name := ast.unparse(node)) in names:
            yield f"{source.module}: line {node.lineno} uses {name}; {reason}"
    yield from (
        f"{source.module}: imports {name}; {reason}" for name in imported(source.nodes) if name in names
    )


def _is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
