"""Scripts that bring what could make k6's summary and its record differ, one of each kind."""

from collections.abc import Mapping

from lab.target import Target, closed_port

_HEAD = """
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
"""
# Everything that could make the summary and the record differ, in one run each.
FIGURE_SCRIPTS: Mapping[str, str] = {
    "every type of metric": (
        """
const trend = new Trend('render', true), size = new Trend('size'), orders = new Counter('orders');
const depth = new Gauge('depth'), hits = new Rate('hits');
export const options = { vus: 3, duration: '1500ms', thresholds: {
  http_req_duration: ['p(95)<5000', 'p(97.5)<5000'], 'http_req_duration{scenario:default}': ['avg<0'],
  'http_reqs{page:first}': ['count>1'], checks: ['rate>0.9'], render: ['med<1000'], depth: ['value<1'],
} };
export default function () {
  group('outer', () => check(http.get('{target}/delay/20', { tags: { page: 'first' } }),
    { 'is 200': (r) => r.status === 200, never: () => false }));
  http.get('{target}/flaky/0.3');
  trend.add(Math.random() * 1000); size.add(-Math.random()); orders.add(0.25); depth.add(__ITER);
  hits.add(__ITER % 3 === 0);
}"""
    ),
    "refused, closed, reset and timed out": (
        """
export const options = { vus: 2, duration: '2500ms' };
export default function () {
  http.get('{target}/ok'); http.get('{closed}/'); http.get('{target}/hang', { timeout: '1s' });
  http.post('{target}/eof'); http.post('{target}/reset'); http.get('{target}/redirect/2');
}"""
    ),
    "tags and values of its own": (
        """
const big = new Counter('big'), wide = new Trend('wide'), low = new Gauge('low');
export const options = { vus: 2, duration: '1200ms',
  thresholds: { 'big{kind:a}': ['count>1'], 'wide{status:odd}': ['max<1e9'] } };
http.setResponseCallback(null);
export default function () {
  http.get('{target}/delay/20', { tags: { status: '999', scenario: 'x,y:z}', error_code: '9999' } });
  group('gü"x', () => check(1, { 'ü}{"\\n': () => __ITER % 2 }));
  wide.add(123456.789 * Math.random(), { status: 'odd', scenario: 'a b' }); wide.add(-1e-7);
  big.add(12345.678, { kind: 'a', status: ' x ' }); low.add(-Math.random() * 1e6);
}"""
    ),
    "no system tags": (
        """
export const options = { vus: 2, duration: '1200ms', systemTags: ['url'] };
export default function () {
  check(http.get('{target}/delay/20'), { a: () => true }); http.get('{closed}/');
}"""
    ),
    "more than 100 000 iterations": (
        """
export const options = { vus: 10, iterations: 110000 };
export default function () {}"""
    ),
    "shorter than an interval": (
        """
export const options = { vus: 1, iterations: 3 };
export default function () { http.get('{target}/ok'); }"""
    ),
    "setup and teardown": (
        """
export const options = { scenarios: {
  s: { executor: 'constant-arrival-rate', rate: 20, duration: '2s', preAllocatedVUs: 5 },
} };
export function setup() { http.get('{target}/ok'); sleep(1.2); }
export function teardown() { sleep(1.2); }
export default function () { http.get('{target}/delay/20'); }"""
    ),
    "a slow setup": (
        """
export const options = { vus: 2, iterations: 20 };
export function setup() { http.get('{target}/delay/1500'); http.get('{target}/delay/1500'); }
export default function () { http.get('{target}/delay/20'); }"""
    ),
    "a quick setup": (
        """
export const options = { vus: 30, iterations: 30 };
export function setup() { http.get('{target}/ok'); }
export default function () { http.get('{target}/delay/1500'); }"""
    ),
    "an arrival rate with VUs to spare": (
        """
export const options = { scenarios: {
  s: { executor: 'constant-arrival-rate', rate: 20, duration: '3s', preAllocatedVUs: 40 },
} };
export default function () { sleep(0.25); }"""
    ),
    "a graceful stop": (
        """
export const options = { scenarios: {
  s: { executor: 'constant-vus', vus: 3, duration: '2s', gracefulStop: '2s' },
} };
export default function () { if (__VU === 1) sleep(30); http.get('{target}/delay/20'); }"""
    ),
    "several scenarios": (
        """
export const options = { scenarios: {
  a: { executor: 'constant-vus', vus: 2, duration: '1s', startTime: '500ms' },
  b: { executor: 'shared-iterations', vus: 2, iterations: 10 },
  c: { executor: 'ramping-arrival-rate', startRate: 1, preAllocatedVUs: 1,
    stages: [{ target: 30, duration: '1s' }] },
} };
export default function () { http.get('{target}/ok'); sleep(0.1); }"""
    ),
}


def filled(script: str, target: Target) -> str:
    """Return a whole script with the addresses of `target` in it."""
    return _HEAD + script.replace("{target}", target.url("")).replace(
        "{closed}", f"http://127.0.0.1:{closed_port()}"
    )
