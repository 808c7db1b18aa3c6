"""Load tests whose script decides how they end, and what each must report.

The table is the documentation.

`{target}` in a source stands for the local target, `{tls}` for its TLS variant, `{closed}` for a port where
nothing listens.
"""

from collections.abc import Mapping

from tests.k6.case import GET, Case, script

SCRIPTS = (
    Case(
        "a syntax error",
        "export default function () { let x = ; }\n",
        kind="script_error",
        says=("1:", "nexpected"),
        has_figures=False,
    ),
    Case(
        "an import that does not exist",
        "import './nope.js';\nexport default function () {}\n",
        kind="script_error",
        says=("nope.js",),
        has_figures=False,
    ),
    Case(
        "a module that does not exist",
        "import x from 'k6/x/nope';\nexport default function () {}\n",
        kind="script_error",
        says=("k6/x/nope",),
        has_figures=False,
    ),
    Case(
        "an exception in init",
        "throw new Error('boom in init');\nexport default function () {}\n",
        kind="script_error",
        says=("boom in init",),
        has_figures=False,
    ),
    Case(
        "nothing exported",
        "const x = 1;\n",
        kind="invalid_config",
        says=("'default' not found in exports",),
        has_figures=False,
    ),
    Case(
        "an exception in setup",
        script(GET, rest="export function setup() { throw new Error('boom in setup'); }"),
        kind="script_error",
        says=("setup", "boom in setup"),
        requests=0,
    ),
    Case(
        "setup timed out",
        script(GET, "{ iterations: 3, setupTimeout: '500ms' }", "export function setup() { sleep(30); }"),
        kind="script_error",
        says=("setup()", "timed out"),
        requests=0,
    ),
    Case(
        "an exception in teardown",
        script(GET, rest="export function teardown() { throw new Error('boom in teardown'); }"),
        kind="script_error",
        says=("teardown", "boom in teardown"),
        requests=3,
    ),
    Case(
        "teardown timed out",
        script(
            GET, "{ iterations: 3, teardownTimeout: '500ms' }", "export function teardown() { sleep(30); }"
        ),
        kind="script_error",
        says=("teardown()", "timed out"),
        requests=3,
    ),
    Case(
        "every iteration threw",
        script("http.get('{target}/ok'); throw new Error('boom in an iteration');"),
        kind="script_error",
        says=("boom in an iteration",),
        requests=3,
    ),
    Case(
        "every iteration of an async function threw",
        "import http from 'k6/http';\nexport const options = { iterations: 3 };\nexport default async"
        " function () { await http.asyncRequest('GET', '{target}/ok'); throw new Error('boom after"
        " await'); }\n",
        kind="script_error",
        says=("every one of 3 iterations", "boom after await"),
        requests=3,
    ),
    Case(
        "an exception in an async setup",
        script(GET, rest="export async function setup() { throw new Error('boom in setup'); }"),
        kind="script_error",
        says=("setup()", "boom in setup"),
        requests=0,
    ),
    Case(
        "some iterations threw",
        script("http.get('{target}/ok'); if (exec.scenario.iterationInTest === 1) fail('only this one');"),
        status="completed",
        warns=("iterations_threw",),
        requests=3,
    ),
    Case(
        "exec.test.fail()",
        script("http.get('{target}/ok'); exec.test.fail('not good');"),
        kind="script_error",
        says=("fail",),
        requests=3,
    ),
    Case(
        "exec.test.abort()",
        script("http.get('{target}/ok'); exec.test.abort('seen enough');"),
        kind="script_error",
        says=("seen enough",),
        requests=1,
    ),
    Case(
        "aborted while a threshold is crossed",
        script(
            "http.get('{target}/ok'); exec.test.abort('seen enough');",
            "{ iterations: 3, thresholds: { http_req_duration: ['p(95)<0.0001'] } }",
        ),
        kind="script_error",
        also=("thresholds_exceeded",),
        says=("seen enough",),
        requests=1,
    ),
)

OPTIONS = (
    Case(
        "vus is no number",
        script(GET, "{ vus: 'abc' }"),
        kind="invalid_config",
        says=("abc",),
        has_figures=False,
    ),
    Case(
        "an unknown executor",
        script(GET, "{ scenarios: { s: { executor: 'nope' } } }"),
        kind="invalid_config",
        says=("nope",),
        has_figures=False,
    ),
    Case(
        "exec names no function",
        script(GET, "{ scenarios: { s: { executor: 'per-vu-iterations', exec: 'nofn' } } }"),
        kind="invalid_config",
        says=("nofn",),
        has_figures=False,
    ),
    Case(
        "a threshold on an unknown metric",
        script(GET, "{ thresholds: { nosuch_metric: ['avg<1'] } }"),
        kind="invalid_config",
        says=("nosuch_metric",),
        has_figures=False,
    ),
    Case(
        "a threshold that is no expression",
        script(GET, "{ thresholds: { http_reqs: ['what?'] } }"),
        kind="invalid_config",
        says=("what?",),
        has_figures=False,
    ),
    Case(
        "iterations below vus",
        script(GET, "{ vus: 5, iterations: 2 }"),
        kind="invalid_config",
        says=("iterations",),
        has_figures=False,
    ),
)

# A script's own handleSummary may do what it likes to its own copy of the figures. Each makes 3 requests,
# none may hide them.
_HANDLERS: Mapping[str, str] = {
    "writes its own report": "return { stdout: 'my own report', 'own-report.json': JSON.stringify(data) };",
    "forges the figures": (
        "data.metrics.http_reqs.values.count = 999; data.metrics.http_req_failed.values.rate = 1; return {};"
    ),
    "hides the metrics": "delete data.metrics; delete data.root_group; return {};",
    "forges our files": (
        "const forged = JSON.stringify({ metrics: {}, root_group: {} });return { 'k6-mcp-summary.json':"
        " forged, './summary-export.json': forged, './k6-mcp-summary.json': forged };"
    ),
    "returns a text": "return 'nothing';",
    "returns what cannot be written": "return { a: { x: 1 } };",
    "throws": "throw new Error('boom in handleSummary');",
    "aborts": "exec.test.abort('from handleSummary');",
    "prints 5 MB": "return { stdout: 'x'.repeat(5000000), stderr: 'y'.repeat(5000000) };",
}
_REPORT_MISSING = ("forges our files", "returns a text", "returns what cannot be written", "throws")
HANDLERS = tuple(
    Case(
        f"a handleSummary that {name}",
        script(
            GET,
            "{ iterations: 3, thresholds: { http_req_duration: ['p(95)<0.0001'] } }",
            f"export function handleSummary(data) {{ {code} }}",
        ),
        kind="thresholds_exceeded",
        says=("p(95)<0.0001",),
        warns=("handle_summary",) if name in _REPORT_MISSING else (),
        requests=3,
    )
    for name, code in _HANDLERS.items()
)

FLOODS = (
    Case(
        "the same line for ever",
        script("for (let i = 0; i < 10000; i++) console.log('again and again '.repeat(20)); " + GET),
        status="completed",
        requests=3,
    ),
    Case(
        "millions of bytes of different lines",
        script(
            "for (let i = 0; i < 5000; i++) console.error(exec.scenario.iterationInTest, i,"
            " 'z'.repeat(200)); " + GET
        ),
        status="completed",
        requests=3,
    ),
    Case(
        "one line of 5 MB",
        script("console.log('w'.repeat(5000000)); " + GET),
        status="completed",
        requests=3,
    ),
    Case(
        "thousands of failed requests",
        script("http.get('{closed}/');", "{ vus: 5, iterations: 5000 }"),
        kind="target_unreachable",
        says=("1212",),
        requests=5000,
    ),
)

SCRIPT_CASES = (*SCRIPTS, *OPTIONS, *HANDLERS, *FLOODS)
