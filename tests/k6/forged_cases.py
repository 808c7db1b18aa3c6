"""Scripts that make an outage look like a success, and what each run must report.

Some do it on purpose, others do not. See `cases` for the placeholders.
"""

from tests.k6.case import Case, script, websocket

_NAMES = (
    *("vus", "vus_max", "iterations", "iteration_duration", "dropped_iterations", "checks", "group_duration"),
    *("http_reqs", "http_req_failed", "http_req_duration", "http_req_blocked", "http_req_connecting"),
    *(
        "http_req_tls_handshaking",
        "http_req_sending",
        "http_req_waiting",
        "http_req_receiving",
        "data_sent",
        "data_received",
    ),
    *("ws_sessions", "ws_msgs_sent", "ws_msgs_received", "ws_ping", "ws_session_duration", "ws_connecting"),
    *("grpc_req_duration", "grpc_streams", "grpc_streams_msgs_sent", "grpc_streams_msgs_received"),
    *("browser_data_sent", "browser_data_received", "browser_http_req_duration", "browser_http_req_failed"),
    *("browser_web_vital_fid", "browser_web_vital_ttfb", "browser_web_vital_lcp", "browser_web_vital_cls"),
    *("browser_web_vital_inp", "browser_web_vital_fcp"),
)
_JUDGED = "thresholds: { http_req_failed: ['rate<0.01'], http_req_duration: ['p(95)<60000'] }"
_TARGET = "{ iterations: 5, " + _JUDGED + " }"

_EVERY_NAME_IN_EVERY_WAY = f"""
const made = [];
for (const name of {list(_NAMES)!r}) {{
  for (const kinds of [{{ Counter, Gauge, Rate, Trend }}, require('k6/metrics')]) {{
    for (const kind of ['Counter', 'Gauge', 'Rate', 'Trend']) {{
      for (const time of [false, true]) {{
        try {{ made.push(new kinds[kind](name, time)); }} catch (error) {{}}
      }}
    }}
  }}
}}
"""

_PLAIN_USES_OF_ADD = """
const own = [new Counter('ws_errors'), new Trend('http_req_custom', true), new Gauge('vus2'),
  new Rate('my_checks')];
class Sum { constructor() { this.add = 3; } }
class Bag extends Set { constructor() { super(); this.add(5); } }
function checks() {}
checks.add = () => 7;
const wrapped = new Proxy({}, {});
wrapped.add = 2;
const bare = Object.create(null);
bare.add = 9;
const list = [];
list.add = 1;
const errors = [];
for (const value of [Object.freeze({}), Object.freeze([]), 5, 'text']) {
  try { value.add = 1; } catch (error) { errors.push(error instanceof TypeError); }
}
const found = JSON.stringify([new Sum(), checks.add(), [...new Bag()], wrapped, bare.add, list.add,
  Object.keys({}), ({}).add]);
if (found !== '[{"add":3},7,[5],{"add":2},9,1,[],null]' || errors.join() !== 'true,true,true,true') {
  throw new Error(`${found} ${errors}`);
}
"""

_METRICS = (
    Case(
        "a metric with the name of one of k6's own",
        script("c.add(100);", rest="const c = new Counter('http_reqs');"),
        kind="script_error",
        says=("'http_reqs' belongs to k6 itself", "give this metric another name"),
        has_figures=False,
    ),
    Case(
        "a metric of k6's own that only VUs ask for",
        script(
            "http.get('{closed}/');",
            rest="if (__VU > 0) { new (require('k6/metrics').Rate)('http_req_failed'); }",
        ),
        kind="script_error",
        says=("does not load in a VU", "'http_req_failed' belongs to k6 itself"),
        requests=0,
    ),
    Case(
        "a metric with the name of the clock of k6's time series",
        script("c.add(100);", rest="const c = new Trend('time');"),
        kind="script_error",
        says=("'time' belongs to k6 itself",),
        has_figures=False,
    ),
    Case(
        "no way to one of k6's own metrics",
        script(
            "http.get('{closed}/'); made.forEach((metric) => metric.add(1, { status: '200',"
            " expected_response: 'true' }));",
            rest=_EVERY_NAME_IN_EVERY_WAY,
        ),
        kind="target_unreachable",
        says=("none of 3 requests got an answer",),
        requests=3,
    ),
    Case(
        "metrics of a script's own, and objects with a property add",
        script("http.get('{target}/ok'); own.forEach((metric) => metric.add(1));", rest=_PLAIN_USES_OF_ADD),
        status="completed",
        silent=("figures_contradicted", "figures_unverified"),
        requests=3,
    ),
)

_NOT_JUDGED = (
    Case(
        "k6 is to judge no request, and all fail",
        script("http.get('{target}/status/500');", rest="http.setResponseCallback(null);"),
        kind="target_failing",
        says=("not one of 3 requests was successful", "3x HTTP 500"),
        warns=("failures_left_out",),
        requests=3,
    ),
    Case(
        "k6 is not to judge those that fail, which pose as successes",
        script(
            "http.get('{target}/status/500', { responseCallback: null, tags: { expected_response: 'true',"
            " status: '200' } });if (__ITER === 0) http.get('{target}/ok');",
            _TARGET,
        ),
        kind="thresholds_exceeded",
        says=("http_req_failed rate<0.01 (observed 0.8333)",),
        warns=("failures_left_out",),
        requests=6,
    ),
    Case(
        "no answer is an expected status",
        script(
            "http.get('{closed}/'); http.get('{target}/ok');",
            _TARGET,
            "http.setResponseCallback(http.expectedStatuses({ min: 0, max: 999 }));",
        ),
        kind="thresholds_exceeded",
        says=("http_req_failed rate<0.01 (observed 0.5)",),
        warns=("failures_left_out", "requests_unanswered"),
        requests=10,
    ),
    Case(
        "server errors are expected statuses",
        script(
            "http.get('{target}/status/503');",
            _TARGET,
            "http.setResponseCallback(http.expectedStatuses(503));",
        ),
        status="completed",
        warns=("errors_expected",),
        silent=("failures_left_out",),
        requests=5,
    ),
    Case(
        "system tags that k6 takes and nobody else sees",
        script(
            "http.get('{target}/status/500', { responseCallback: null }); http.get('{closed}/', {"
            " responseCallback: null });",
            "{ iterations: 3, systemTags: new Set() }",
        ),
        kind="target_failing",
        says=("not one of 6 requests was successful", "3x no answer", "3x HTTP 500"),
        requests=6,
    ),
    Case(
        "requests that fail below tags of the script's own",
        script(
            "http.get('{target}/status/500', { tags: { status: '200', error_code: '', expected_response:"
            " 'true' } });",
            rest="exec.vu.metrics.tags.error_code = ''; exec.vu.metrics.tags.status = '200';".join(
                ("export function setup() { ", " }")
            ),
        ),
        kind="target_failing",
        says=("3x HTTP 500",),
        requests=3,
    ),
)

_TARGETS = (
    Case(
        "a target that redirects for ever",
        script("http.get('{target}/redirect/loop');", _TARGET),
        kind="target_failing",
        says=("the target only redirects", "5 redirect chains after 11 steps (100 % of all requests)"),
        silent=("k6_warning",),
        requests=55,
    ),
    Case(
        "a target that redirects for ever here and there",
        script("http.get('{target}/redirect/loop'); http.get('{target}/ok');", _TARGET),
        status="completed",
        warns=("redirects_not_followed",),
        requests=60,
    ),
    Case(
        "a redirect that is not to be followed",
        script("http.get('{target}/redirect/3', { redirects: 0 });", _TARGET),
        status="completed",
        warns=("redirects_not_followed",),
        requests=5,
    ),
    Case(
        "a target that switches protocols unasked",
        script("http.get('{target}/status/101');"),
        kind="target_failing",
        says=("HTTP 101 (Switching Protocols)",),
        requests=0,
    ),
)

_OPTIONS = (
    Case(
        "options that k6 cannot write into",
        script("http.get('{target}/ok');", "Object.freeze({ iterations: 3 })"),
        kind="script_error",
        says=("does not load in a VU", "export options as a plain object"),
    ),
    Case(
        "options behind a Proxy that takes no values",
        script("http.get('{target}/ok');", "new Proxy({ iterations: 3 }, { set() { return false; } })"),
        kind="script_error",
        says=("does not load in a VU", "'set' on proxy"),
    ),
    Case(
        "groups that are three hundred deep",
        script(
            "deep(300);",
            _TARGET,
            "import { group } from 'k6';\nfunction deep(left) { left ? group(`g${left}`, () => deep(left -"
            " 1)) : http.get('{target}/ok'); }",
        ),
        status="completed",
        silent=("figures_from_record",),
        requests=5,
    ),
)

_LONG = "{ scenarios: { ['s'.repeat(5000)]: { executor: 'shared-iterations', iterations: 3 } } }"
_HIDDEN = (
    Case(
        "WebSockets that only the script calls open",
        websocket("'{closed}/'.replace('http', 'ws')").replace("{}, (", "{ tags: { status: '101' } }, ("),
        kind="script_error",
        says=("3 WebSocket sessions and requests were answered with only 0 bytes received",),
        requests=0,
    ),
    Case(
        "exceptions and a scenario with names longer than the lines that are kept",
        script("throw new Error('x'.repeat(40000));", _LONG),
        kind="script_error",
        says=("every one of 3 iterations ended in an exception",),
        requests=0,
    ),
    Case(
        "a load that fails after a setup that works",
        script(
            "http.get('{target}/status/500');",
            _TARGET.replace("rate<0.01", "rate<0.6"),
            "export function setup() { for (let i = 0; i < 5; i += 1) http.get('{target}/ok'); }",
        ),
        kind="target_failing",
        says=("not one of 5 requests of the load was successful", "5x HTTP 500"),
        requests=10,
    ),
    Case(
        "a load without an answer before a teardown that works",
        script("http.get('{closed}/');", rest="export function teardown() { http.get('{target}/ok'); }"),
        kind="target_unreachable",
        says=("none of 3 requests of the load got an answer",),
        requests=4,
    ),
    Case(
        "a setup that fails before a load that works",
        script(
            "http.get('{target}/ok');", rest="export function setup() { http.get('{target}/status/500'); }"
        ),
        status="completed",
        warns=("requests_failed",),
        requests=4,
    ),
)

FORGED = (*_METRICS, *_NOT_JUDGED, *_TARGETS, *_OPTIONS, *_HIDDEN)
