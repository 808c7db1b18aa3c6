"""A script's own handleSummary keeps working and can neither hide nor forge k6's figures."""

import json

import pytest

from k6_mcp.settings import Settings
from tests.k6.scripted import Ran, ran

_SCRIPT = """
import exec from 'k6/execution';
import {{ Counter }} from 'k6/metrics';
{init}
const things = new Counter('things');
export const options = {{ vus: 1, iterations: 3, thresholds: {{ things: ['count==3'] }} }};
export function setup() {{ return {{ token: 's3tup-value' }}; }}
export default function () {{ things.add(1); }}
{handler}
"""


async def _with(settings: Settings, handler: str, init: str = "") -> Ran:
    return await ran(settings, script=_SCRIPT.format(handler=handler, init=init))


def _is_intact(run: Ran) -> bool:
    return run.counted("things") == 3 and run.counted("iterations") == 3 and "setup_data" not in run.summary


async def test_the_summary_is_what_k6_hands_out_without_what_setup_returned(settings: Settings) -> None:
    handler = "export function handleSummary(data) { return { 'own.json': JSON.stringify(data) }; }"

    run = await _with(settings, handler)

    assert sorted(run.summary) == ["k6-mcp", "metrics", "options", "root_group", "state"]
    own = run.folder / "own.json"
    theirs = json.loads(own.read_text(encoding="utf-8"))
    assert theirs.pop("setup_data") == {"token": "s3tup-value"}
    assert {**theirs, "k6-mcp": {}} == run.summary
    assert "s3tup-value" not in (run.outcome.export or "s3tup-value")


@pytest.mark.parametrize(
    "handler",
    [
        "export function handleSummary() { return { 'own.txt': 'kept', stdout: 'to stdout' }; }",
        "export const handleSummary = async () => { await null; return { 'own.txt': 'kept' }; };",
        (
            "export async function handleSummary() {"
            " await new Promise((done) => setTimeout(done, 20)); return { 'own.txt': 'kept' }; }"
        ),
        (
            "export function handleSummary() { return { 'own.txt': new Uint8Array([107, 101, 112,"
            " 116]).buffer }; }"
        ),
        "export function handleSummary() { return { 'own.txt': new Uint8Array([107, 101, 112, 116]) }; }",
        "export function handleSummary() { return { 'own.txt': 'kept', '/no/such/folder/x': 'lost' }; }",
        (
            "export function handleSummary(data) { data.metrics = null; delete data.root_group; return {"
            " 'own.txt': 'kept' }; }"
        ),
        (
            "export function handleSummary() { return { 'own.txt': 'kept', bad: { x: 1 }, worse: 5, none:"
            " null }; }"
        ),
    ],
)
async def test_a_handler_keeps_working(settings: Settings, handler: str) -> None:
    run = await _with(settings, handler)

    assert (run.folder / "own.txt").read_text(encoding="utf-8") == "kept"
    assert _is_intact(run)
    assert run.outcome.export is not None


@pytest.mark.parametrize(
    ("handler", "says"),
    [
        ("export function handleSummary() { throw new Error('boom handler'); }", "boom handler"),
        ("export async function handleSummary() { throw new Error('boom promise'); }", "boom promise"),
        ("export function handleSummary() { exec.test.abort('enough'); }", "enough"),
        ("export const handleSummary = 5;", "not a function"),
        ("export function handleSummary() { return 'text'; }", "a string instead of an object"),
        ("export function handleSummary() { return { a: { b: 1 } }; }", "the file a,"),
        ("export function handleSummary() { return undefined; }", ""),
        ("export function handleSummary() { return new Promise(() => {}); }", ""),
        (
            (
                "export function handleSummary() { return new Proxy({}, { ownKeys() { throw new"
                " Error('trap'); } }); }"
            ),
            "trap",
        ),
        (
            (
                "export function handleSummary(data) { delete data.root_group; for (const k in data) data[k]"
                " = 1; }"
            ),
            "",
        ),
    ],
)
async def test_a_handler_that_fails_costs_nothing_but_its_own_files(
    settings: Settings, handler: str, says: str
) -> None:
    run = await _with(settings, handler)

    assert run.outcome.exit_code == 0
    assert says in run.logged()
    assert _is_intact(run)
    assert run.outcome.export is not None


async def test_a_handler_cannot_write_the_files_that_figures_are_read_from(settings: Settings) -> None:
    paths = (
        *(
            "k6-mcp-summary.json",
            "./k6-mcp-summary.json",
            "K6-MCP-Summary.JSON",
            "\u212a6-mcp-\u017fummary.json",
        ),
        *("summary-export.json", "record.ndjson", "script.js"),
    )
    files = json.dumps(dict.fromkeys(paths, "forged") | {"own.txt": "kept"})

    run = await _with(settings, f"export function handleSummary() {{ return {files}; }}")

    assert _is_intact(run)
    assert [
        file.name for file in run.folder.rglob("*") if file.is_file() and file.read_bytes() == b"forged"
    ] == []
    assert (run.folder / "own.txt").read_text(encoding="utf-8") == "kept"
    assert all(f"ignored the file {path}, whose name" in run.logged() for path in paths)


@pytest.mark.parametrize(
    "init",
    [
        "JSON.stringify = () => '{}';",
        "globalThis.JSON = { parse: () => ({}), stringify: () => 'forged' };",
        (
            "Object.prototype.toJSON = () => ({ forged: 1 }); Array.prototype.toJSON ="
            " String.prototype.toJSON = () => 7;"
        ),
        "Object.keys = () => []; Array.isArray = () => true; Object.prototype.hasOwnProperty = () => false;",
        (
            "Object.defineProperty(Object.prototype, 'k6-mcp-summary.json', { set() {}, get() { return"
            " 'forged'; } });"
        ),
        "Array.prototype[Symbol.iterator] = function* () {};",
        (
            "globalThis.setTimeout = () => {}; Reflect.apply = () => 'forged'; String.prototype.toLowerCase ="
            " () => 'x';"
        ),
    ],
)
async def test_a_script_that_redefines_what_serialises_figures_changes_none(
    settings: Settings, init: str
) -> None:
    handler = "export function handleSummary() { return { 'k6-mcp-summary.json': 'forged' }; }"

    run = await _with(settings, handler, init)

    assert _is_intact(run)


async def test_a_handler_that_patches_after_returning_changes_nothing(settings: Settings) -> None:
    handler = """
    export function handleSummary() {
      setTimeout(() => { JSON.stringify = () => '{}'; }, 5);
      try { JSON.stringify = () => '{}'; } catch (error) {}
      return {};
    }"""

    run = await _with(settings, handler)

    assert _is_intact(run)
    assert '"count": 3' in (run.outcome.export or "")


async def test_a_getter_for_what_a_metric_lacks_gets_no_figures_to_change(settings: Settings) -> None:
    init = """
const seen = [];
const names = ['count', 'passes', 'fails', 'ext', 'grpc_req_duration', 'ws_sessions', 'http_reqs', 'k6-mcp',
  'observed', 'thresholds'];
for (const name of names) {
  Object.defineProperty(Object.prototype, name, {
    configurable: true,
    set(value) {
      const own = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, name, own);
    },
    get() {
      for (const [metric, { values }] of this && this.things ? Object.entries(this) : []) {
        seen.push(metric);
        Object.keys(values).forEach((key) => { values[key] = 777777; });
      }
      if (this && this.rate !== undefined) { seen.push(name); this.rate = this.count = 777777; }
    },
  });
}
"""
    handler = "export function handleSummary() { return { 'own.txt': `seen: ${seen}` }; }"

    run = await _with(settings, handler, init)

    assert _is_intact(run)
    assert (run.folder / "own.txt").read_text(encoding="utf-8") == "seen: "
    assert '"things"' in (run.outcome.export or "") and "777777" not in (run.outcome.export or "")


async def test_a_script_can_not_show_its_own_metric_as_one_of_k6(settings: Settings) -> None:
    init = """
const { push } = Array.prototype;
Array.prototype.push = function (...items) {
  const forge = (one) => ({ real: 'things', shown: one.shown });
  const forged = items.map((one) => (one && one.shown === 'http_reqs{status:200}' ? forge(one) : one));
  return Reflect.apply(push, this, forged);
};
"""

    run = await _with(settings, "", init)

    assert _is_intact(run) and run.summary["k6-mcp"] == {}


async def test_iterations_still_run_the_script_own_functions(settings: Settings) -> None:
    script = """
    export const options = { scenarios: {
      a: { executor: 'per-vu-iterations', vus: 1, iterations: 2, exec: 'work' },
    } };
    export function work() { console.log('worked'); }
    export function teardown() { console.log('torn down'); }
    """

    run = await ran(settings, script=script)

    assert {"worked", "torn down"} <= set(run.logged().splitlines())
    assert run.counted("iterations") == 2
