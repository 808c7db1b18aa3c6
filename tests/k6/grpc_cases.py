"""Load tests of gRPC targets, alone and together with HTTP, and what each must report.

`{grpc}` in a source stands for the address of the local gRPC target, `{proto}` for the folder of what it
offers.
"""

from tests.k6.case import GET, Case


def script(default: str, thresholds: str = "{}", rest: str = "") -> str:
    """Return a script with three iterations that connect and then run `default`.

    In `default`, `call(request)` makes a call.
    """
    return f"""
import grpc from 'k6/net/grpc';
import http from 'k6/http';
import {{ check }} from 'k6';
import exec from 'k6/execution';
const client = new grpc.Client();
client.load(['{{proto}}'], 'grpc_target.proto');
export const options = {{ iterations: 3, thresholds: {thresholds} }};
const call = (asked, params) => client.invoke('target.Target/Call', asked, params);
export default function () {{
  client.connect('{{grpc}}', {{ plaintext: true }});
  {default}
}}
{rest}
"""


_WATCH = "const stream = new grpc.Stream(client, 'target.Target/Watch'); stream.on('error', () => {}); "

GRPC = (
    Case(
        "gRPC calls that are answered", script("call({});", "{ checks: [] }"), status="completed", requests=0
    ),
    Case(
        "only UNAVAILABLE and no threshold",
        script("call({ status: 14 });"),
        kind="target_failing",
        says=("not one of 3 gRPC calls was successful: 3x UNAVAILABLE (14)", "checks"),
        requests=0,
    ),
    Case(
        "gRPC calls that fail in different ways",
        script(
            "call({ status: 5 }); call({ status: 5 }); call({ status: 16 }); call({ status: 4 }); call({"
            " status: 23 });"
        ),
        kind="target_failing",
        says=(
            "not one of 15 gRPC calls",
            "6x NOT_FOUND (5), 3x DEADLINE_EXCEEDED (4), 3x UNAUTHENTICATED (16), 3x not defined by gRPC",
        ),
        requests=0,
    ),
    Case(
        "some gRPC calls fail",
        script("call({}); call({ status: 8 });"),
        status="completed",
        warns=("grpc_calls_failed",),
        requests=0,
    ),
    Case(
        "some gRPC calls fail and a threshold on checks",
        script(
            "check(call({}), { ok: (r) => r.status === grpc.StatusOK }); call({ status: 8 });",
            "{ checks: ['rate>0.9'] }",
        ),
        status="completed",
        silent=("grpc_calls_failed",),
        requests=0,
    ),
    Case(
        "only NOT_FOUND, as a threshold on checks wants it",
        script(
            "check(call({ status: 5 }), { missing: (r) => r.status === grpc.StatusNotFound });",
            "{ checks: ['rate==1'] }",
        ),
        status="completed",
        requests=0,
    ),
    Case(
        "only UNAVAILABLE and a threshold on it",
        script("call({ status: 14 });", "{ 'grpc_req_duration{status:14}': ['p(95)<60000'] }"),
        status="completed",
        requests=0,
    ),
    Case(
        "only UNAVAILABLE and a threshold on something else",
        script("call({ status: 14 });", "{ grpc_req_duration: ['p(95)<60000'] }"),
        kind="target_failing",
        says=("3x UNAVAILABLE (14)",),
        requests=0,
    ),
    Case(
        "only UNAVAILABLE and a crossed threshold",
        script("call({ status: 14 });", "{ grpc_req_duration: ['p(95)<0.0001'] }"),
        kind="thresholds_exceeded",
        also=("target_failing",),
        says=("grpc_req_duration p(95)<0.0001", "3x UNAVAILABLE (14)"),
        requests=0,
    ),
    Case(
        "a crossed threshold on gRPC calls that were answered",
        script(
            "call({});",
            "{ 'grpc_req_duration{status:0}': ['p(95)<0.0001'], grpc_req_duration: ['p(95)<60000'] }",
        ),
        kind="thresholds_exceeded",
        says=("grpc_req_duration{status:0} p(95)<0.0001",),
        requests=0,
    ),
    Case(
        "gRPC calls that get no answer in time",
        script("call({ stay: true, answers: 0 }, { timeout: '100ms' });"),
        kind="no_samples",
        says=("not one gRPC call was counted", "timeout"),
        requests=0,
    ),
    Case(
        "gRPC streams that are answered",
        script(_WATCH + "stream.on('end', () => client.close()); stream.write({ answers: 3 });"),
        status="completed",
        silent=("grpc_calls_failed",),
        requests=0,
    ),
    Case(
        "gRPC streams that fail",
        script(_WATCH + "stream.on('end', () => client.close()); stream.write({ answers: 3, status: 13 });"),
        kind="target_failing",
        says=("3x INTERNAL (13)",),
        requests=0,
    ),
    Case(
        "gRPC streams that the script closes",
        script(_WATCH + "stream.on('data', () => client.close()); stream.write({ answers: 1, stay: true });"),
        status="completed",
        silent=("grpc_calls_failed",),
        requests=0,
    ),
    Case(
        "a script that throws on every failed call",
        script("if (call({ status: 14 }).status !== grpc.StatusOK) throw new Error('not ok');"),
        kind="script_error",
        also=("target_failing",),
        says=("not ok", "3x UNAVAILABLE (14)"),
        requests=0,
    ),
    Case(
        "HTTP and gRPC answer", script(GET + " call({});", "{ checks: [] }"), status="completed", requests=3
    ),
    Case(
        "HTTP answers and gRPC does not",
        script(GET + " call({ status: 14 });", "{ http_req_failed: ['rate<0.01'] }"),
        kind="target_failing",
        says=("not one of 3 gRPC calls was successful: 3x UNAVAILABLE (14)",),
        requests=3,
    ),
    Case(
        "gRPC answers and HTTP does not",
        script("http.get('{target}/status/500'); call({});"),
        kind="target_failing",
        says=("not one of 3 requests was successful: 3x HTTP 500",),
        requests=3,
    ),
    Case(
        "neither HTTP nor gRPC answers as it should",
        script("http.get('{target}/status/500'); call({ status: 14 });"),
        kind="target_failing",
        says=("3x HTTP 500", "3x UNAVAILABLE (14)"),
        requests=3,
    ),
    Case(
        "HTTP is refused and gRPC fails",
        script("http.get('{closed}/'); call({ status: 14 });"),
        kind="target_unreachable",
        also=("target_failing",),
        says=("1212", "3x UNAVAILABLE (14)"),
        requests=3,
    ),
    Case(
        "some gRPC calls fail beside HTTP",
        script(GET + " call({ status: exec.scenario.iterationInTest === 1 ? 14 : 0 });"),
        status="completed",
        warns=("grpc_calls_failed",),
        requests=3,
    ),
)
