"""Load tests whose data decide how they end, and what each must report.

The table is the documentation.

`{target}` in a source stands for the local target, `{tls}` for its TLS variant, `{closed}` for a port where
nothing listens.
"""

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
        "all checks fail and no threshold covers them",
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

TARGET_CASES = (*THRESHOLDS, *TARGETS, *LOAD)
