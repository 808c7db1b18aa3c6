"""Load tests that end in every way a run can end, and what each must say. The table is the documentation.

`{target}` in a source stands for the local target, `{tls}` for its TLS variant, `{closed}` for a port where
nothing listens.
"""

from collections.abc import Mapping

from tests.k6.case import GET, Case, script, websocket

# A label above 63 characters is no domain name: the resolver says so without asking anybody.
NO_SUCH_HOST = f"http://no-such-host.{'x' * 64}.invalid"

THRESHOLDS = (
    Case(
        "every threshold held",
        script(
            GET,
            "{ iterations: 3, thresholds: { http_req_duration: ['p(95)<5000'], http_req_failed:"
            " ['rate<0.01'] } }",
        ),
        status="completed",
        requests=3,
    ),
    Case(
        "a crossed threshold",
        script(GET, "{ iterations: 3, thresholds: { http_req_duration: ['p(95)<0.0001', 'avg<60000'] } }"),
        kind="thresholds_exceeded",
        says=("http_req_duration", "p(95)<0.0001"),
        requests=3,
    ),
    Case(
        "a crossed threshold on a tagged custom metric",
        script(
            "depth.add(7, { queue: 'a' });",
            "{ iterations: 3, thresholds: { 'depth{queue:a}': ['p(99.5)<5'] } }",
            "const depth = new Trend('depth');",
        ),
        kind="thresholds_exceeded",
        says=("depth{queue:a}", "p(99.5)<5", "7"),
        requests=0,
    ),
    Case(
        "abortOnFail",
        script(
            "http.get('{target}/status/500'); sleep(0.05);",
            "{ duration: '30s', thresholds: { http_req_failed: [{ threshold: 'rate<0.1', abortOnFail: true"
            " }] } }",
        ),
        kind="thresholds_exceeded",
        says=("http_req_failed", "rate<0.1"),
    ),
    Case(
        "a threshold without samples",
        script(GET, "{ iterations: 3, thresholds: { checks: ['rate>0.9'] } }"),
        kind="no_samples",
        says=("checks", "rate>0.9"),
        requests=3,
    ),
    Case(
        "a threshold on a tag that nothing carries",
        script(GET, "{ iterations: 3, thresholds: { 'http_req_duration{page:home}': ['p(95)<500'] } }"),
        kind="no_samples",
        says=("http_req_duration{page:home}",),
        requests=3,
    ),
    Case(
        "all checks fail and no threshold asks about them",
        script("check(http.get('{target}/ok'), { 'is 201': (r) => r.status === 201 });"),
        status="completed",
        warns=("checks_failed",),
        requests=3,
    ),
    Case("no threshold was given", script(GET), status="completed", warns=("nothing_asserted",), requests=3),
)

TARGETS = (
    Case(
        "refused",
        script("http.get('{closed}/');"),
        kind="target_unreachable",
        says=("1212", "refused"),
        requests=3,
    ),
    Case(
        "no such host",
        script(f"http.get('{NO_SUCH_HOST}/');"),
        kind="target_unreachable",
        says=("1101",),
        requests=3,
    ),
    Case(
        "an untrusted certificate",
        script("http.get('{tls}/ok');"),
        kind="target_unreachable",
        says=("1310",),
        requests=3,
    ),
    Case(
        "a timeout",
        script("http.get('{target}/hang', { timeout: '100ms' });"),
        kind="target_unreachable",
        says=("1050", "timeout"),
        requests=3,
    ),
    Case(
        "a connection reset",
        script("http.post('{target}/reset');"),
        kind="target_unreachable",
        says=("1220",),
        requests=3,
    ),
    Case(
        "a connection closed",
        script("http.post('{target}/eof');"),
        kind="target_unreachable",
        says=("1000",),
        requests=3,
    ),
    Case(
        "not HTTP",
        script("http.post('{target}/malformed');"),
        kind="target_unreachable",
        says=("1000",),
        requests=3,
    ),
    Case(
        "refused WebSockets",
        websocket("'{closed}/'.replace('http', 'ws')"),
        kind="target_unreachable",
        says=("none of 3 WebSocket sessions",),
        requests=0,
    ),
    Case(
        "WebSockets that the target does not open",
        websocket("'{target}/status/403'.replace('http', 'ws')"),
        kind="target_failing",
        says=("3x HTTP 403",),
        requests=0,
    ),
    Case(
        "refused gRPC",
        "import grpc from 'k6/net/grpc';\nconst client = new grpc.Client();\nexport const options = {"
        " iterations: 3 };\nexport default function () { client.connect('{closed}'.replace('http://', ''), {"
        " plaintext: true, timeout: '2s' }); }\n",
        kind="target_unreachable",
        also=("script_error",),
        says=("connection refused",),
        requests=0,
    ),
    Case(
        "refused, and a threshold crossed by it",
        script("http.get('{closed}/');", "{ iterations: 3, thresholds: { http_req_failed: ['rate<0.01'] } }"),
        kind="target_unreachable",
        also=("thresholds_exceeded",),
        says=("1212",),
        requests=3,
    ),
    Case(
        "only HTTP 500 and no threshold",
        script("http.get('{target}/status/500');"),
        kind="target_failing",
        says=("500",),
        requests=3,
    ),
    Case(
        "only HTTP 500 and a threshold on it",
        script(
            "http.get('{target}/status/500');",
            "{ iterations: 3, thresholds: { http_req_failed: ['rate<0.01'] } }",
        ),
        kind="thresholds_exceeded",
        says=("http_req_failed", "rate<0.01"),
        requests=3,
    ),
    Case(
        "nearly only HTTP 500 and a threshold on something else",
        script(
            "http.get('{target}/flaky/0.9');",
            "{ iterations: 20, thresholds: { http_req_duration: ['p(95)<60000'] } }",
        ),
        status="completed",
        warns=("requests_failed",),
        requests=20,
    ),
    Case(
        "some HTTP 500 within the threshold",
        script(
            "http.get('{target}/flaky/0.1');",
            "{ iterations: 20, thresholds: { http_req_failed: ['rate<0.2'] } }",
        ),
        status="completed",
        requests=20,
    ),
)

LOAD = (
    Case(
        "not one finished iteration",
        script(
            "http.get('{target}/ok'); sleep(30);",
            "{ scenarios: { s: { executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '0s' } } }",
        ),
        kind="no_samples",
        says=("iteration",),
        requests=2,
    ),
    Case(
        "a rate at a target that never answers",
        script(
            "http.get('{target}/hang');",
            "{ scenarios: { s: { executor: 'constant-arrival-rate', rate: 9, duration: '1s', preAllocatedVUs:"
            " 2, gracefulStop: '0s' } } }",
        ),
        kind="no_samples",
        also=("load_not_delivered",),
    ),
    Case(
        "dropped iterations",
        script(
            "http.get('{target}/delay/100');",
            "{ scenarios: { s: { executor: 'constant-arrival-rate', rate: 100, duration: '1s',"
            " preAllocatedVUs: 1, maxVUs: 1 } } }",
        ),
        kind="load_not_delivered",
        says=("dropped",),
    ),
    Case(
        "interrupted iterations",
        script(
            "http.get('{target}/ok'); if (exec.vu.idInTest === 2) { sleep(30) } sleep(0.05);",
            "{ scenarios: { s: { executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '0s' } } }",
        ),
        status="completed",
        warns=("iterations_interrupted",),
    ),
)

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

CASES = (*THRESHOLDS, *TARGETS, *LOAD, *SCRIPTS, *OPTIONS, *HANDLERS, *FLOODS)
