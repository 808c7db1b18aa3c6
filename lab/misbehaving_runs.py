"""Load tests of a target that misbehaves in known ways, and of a healthy one.

Each lists the findings that it must cause and those that are also true of it.
"""

from dataclasses import dataclass

OK = ("http_req_duration: ['p(95)<4000']", "http_req_failed: ['rate<0.9']")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One load test with its expected findings.

    `must` are the findings that the test is made for, `also` those that are true of it too; any other is a
    false alarm. `files` is k6's limit of open files. `alone` means that no other test runs at the same time.
    `cpu_share` replaces the default limit, for a machine that has other work to do.
    """

    name: str
    script: str
    must: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    files: int | None = None
    alone: bool = False
    cpu_share: float | None = None


def script(load: str, default: str, *, thresholds: tuple[str, ...] = OK, rest: str = "") -> str:
    """Return a k6 script; `get(PATH)` in `default` calls the target, whose address is written as TARGET."""
    return f"""
import http from 'k6/http';
import {{ sleep }} from 'k6';
export const options = {{
  scenarios: {{ {load} }}, thresholds: {{ {", ".join(thresholds)} }}, discardResponseBodies: true,
}};
const get = (path) => http.get('TARGET' + path);
export default function () {{ {default} }}
{rest}
"""


def rate(per_s: int, seconds: int, pool: int = 100) -> str:
    """Return a scenario of constant arrival rate."""
    return (
        f"main: {{ executor: 'constant-arrival-rate', rate: {per_s}, timeUnit: '1s', duration: '{seconds}s', "
        f"preAllocatedVUs: {pool}, maxVUs: {pool} }}"
    )


def vus(number: int, seconds: int, name: str = "main", more: str = "") -> str:
    """Return a scenario of constant VUs."""
    return (
        f"{name}: {{ executor: 'constant-vus', vus: {number}, duration: '{seconds}s', gracefulStop:"
        f" '8s'{more} }}"
    )


def rising_rate(first: int, *stages: tuple[int, int]) -> str:
    """Return a scenario whose arrival rate grows from `first` through (seconds, per s)."""
    written = ", ".join(f"{{ duration: '{seconds}s', target: {target} }}" for seconds, target in stages)
    return (
        f"main: {{ executor: 'ramping-arrival-rate', startRate: {first}, timeUnit: '1s', preAllocatedVUs:"
        f" 300, maxVUs: 300, stages: [{written}] }}"
    )


def rising_vus(first: int, *stages: tuple[int, int]) -> str:
    """Return a scenario whose VUs grow from `first` through (seconds, VUs)."""
    written = ", ".join(f"{{ duration: '{seconds}s', target: {target} }}" for seconds, target in stages)
    return f"main: {{ executor: 'ramping-vus', startVUs: {first}, stages: [{written}] }}"


_MIX = " ".join(f"http.get('TARGET/steady/8?{name}', {{ tags: {{ name: '{name}' }} }});" for name in "abc")
_FAILING = " http.get('TARGET/flaky/0.4/8', { tags: { name: 'd' } });"
_SLOW = " http.get('TARGET/steady/400?d', { tags: { name: 'd' } });"
_ALIKE = " http.get('TARGET/steady/9?d', { tags: { name: 'd' } });"
_SPARSE = "export function sparse() { get('/steady/20?sparse'); sleep(4); }"
_BUSY = "let x = 0; for (let i = 0; i < 3e6; i++) { x += Math.sqrt(i); } get('/steady/5?cpu');"

MISBEHAVING = (
    Scenario("a fifth of requests fails", script(rate(40, 6), "get('/flaky/0.2/5')"), ("error_rate_high",)),
    Scenario(
        "a limiter turns a third away", script(rate(60, 8), "get('/limited/40/5')"), ("error_rate_high",)
    ),
    Scenario(
        "every answer takes 5.6 s",
        script(vus(12, 14), "get('/steady/6500?slow')"),
        ("latency_average_high", "latency_p95_high"),
    ),
    Scenario(
        "a line before the target", script(vus(20, 8), "get('/crowded/20/2')"), ("throughput_low_for_vus",)
    ),
    Scenario(
        "too few VUs for the rate",
        script(rate(40, 8, pool=5), "get('/steady/400?pool')"),
        ("load_not_delivered", "generator_saturated"),
    ),
    Scenario(
        "the target becomes too slow for the rate",
        script(rate(30, 14, pool=6), "get('/rising/20/60')"),
        ("load_not_delivered", "latency_drift"),
    ),
    Scenario(
        "a target slower than its limit, with a pool for one within it",
        script(rate(15, 12, pool=40), "get('/steady/4000?limit')"),
        ("load_not_delivered", "latency_average_high"),
    ),
    Scenario(
        "a rate beyond the capacity with a pool that it fills in seconds",
        script(rate(100, 10, pool=60), "get('/crowded/20/1?pool')"),
        ("load_not_delivered",),
        ("latency_drift",),
    ),
    Scenario(
        "no file descriptors left",
        script(vus(60, 6), "get('/steady/300?files'); sleep(0.2)"),
        ("generator_saturated",),
        ("error_rate_high", "errors_flatter_latency"),
        files=48,
    ),
    Scenario(
        "no CPU left",
        script(vus(8, 10), _BUSY),
        ("generator_saturated",),
        ("throughput_low_for_vus",),
        alone=True,
        cpu_share=0.15,
    ),
    Scenario(
        "a rate that grows beyond the capacity",
        script(
            rising_rate(10, (18, 100)),
            "get('/crowded/20/1')",
            thresholds=("http_req_duration: ['p(95)<200']",),
        ),
        ("slo_break_point", "latency_knee"),
        ("latency_average_high", "latency_p95_high", "load_not_delivered"),
    ),
    Scenario(
        "a constant rate beyond the capacity",
        script(rate(80, 14, pool=600), "get('/crowded/20/1?constant')"),
        ("load_piling_up",),
        ("latency_average_high", "latency_p95_high"),
    ),
    Scenario(
        "a spike of the rate beyond the capacity, of two requests an iteration",
        script(
            rising_rate(15, (4, 15), (1, 60), (8, 60), (1, 15), (10, 15)),
            "get('/crowded/20/1?spike'); get('/steady/5?spike')",
        ),
        ("load_piling_up",),
        ("latency_average_high", "latency_p95_high"),
    ),
    Scenario(
        "VUs that grow beyond the capacity",
        script(
            rising_vus(1, (18, 60)),
            "get('/crowded/20/2?vus'); sleep(0.2)",
            thresholds=("http_req_duration: ['p(95)<150']",),
        ),
        ("slo_break_point", "latency_knee"),
        ("throughput_low_for_vus",),
    ),
    Scenario(
        "connections reset for 3 s",
        script(rate(40, 12), "get('/outage/4/3/5')"),
        ("outage",),
        ("error_rate_high", "errors_flatter_latency"),
    ),
    Scenario(
        "connections reset for 2 s, then slow for 3 s",
        script(rate(40, 14), "get('/recovering/4/2/3/5')"),
        ("outage",),
        ("error_rate_high", "errors_flatter_latency"),
    ),
    Scenario(
        "80 % of requests fail for 3 s",
        script(rate(40, 12), "get('/burst/4/3/0.8/5')"),
        ("outage",),
        ("error_rate_high",),
    ),
    Scenario(
        "down from 6 s on",
        script(rate(40, 12), "get('/outage/6/60/5')"),
        ("outage",),
        ("error_rate_high", "errors_flatter_latency"),
    ),
    Scenario(
        "latency grows with time", script(rate(30, 16), "get('/rising/20/15?drift')"), ("latency_drift",)
    ),
    Scenario("a stall every 4 s", script(rate(30, 24), "get('/periodic/4/0.7/5')"), ("periodic_stalls",)),
    Scenario(
        "a stall every 5 s, closed model",
        script(vus(5, 26), "get('/periodic/5/0.8/5?closed'); sleep(0.05)"),
        ("periodic_stalls", "coordinated_omission"),
    ),
    Scenario(
        "pauses now and then",
        script(rate(40, 26), "get('/pausing/0.7/5/3/5.5/13/16/24')"),
        ("irregular_stalls",),
    ),
    Scenario("slow for the first 3 s", script(rate(30, 14), "get('/warmup/3/300/10')"), ("warm_up",)),
    Scenario(
        "one stall of 3 s, closed model",
        script(vus(10, 14), "get('/stall/5/3/5'); sleep(0.05)"),
        ("coordinated_omission", "outage"),
    ),
    Scenario(
        "half of the requests fail at once",
        script(rate(30, 8), "get('/fastfail/0.5/120')"),
        ("errors_flatter_latency", "error_rate_high"),
        ("outage",),
    ),
    Scenario(
        "one of four endpoints fails",
        script(rate(20, 8), _MIX + _FAILING),
        ("endpoint_dominates",),
        ("error_rate_high",),
    ),
    Scenario("one of four endpoints is slow", script(rate(10, 10), _MIX + _SLOW), ("endpoint_dominates",)),
    Scenario(
        "no threshold", script(rate(20, 5), "get('/steady/20?bare')", thresholds=()), ("nothing_asserted",)
    ),
)
HEALTHY = (
    Scenario("healthy: constant rate", script(rate(40, 12), "get('/steady/20?h1')")),
    Scenario("healthy: VU ramp", script(rising_vus(1, (12, 20)), "get('/steady/20?h2'); sleep(0.1)")),
    Scenario(
        "healthy: rate ramp, hold, down",
        script(rising_rate(5, (6, 60), (4, 60), (4, 0)), "get('/steady/20?h3')"),
    ),
    Scenario(
        "healthy: closed model with think time", script(vus(10, 12), "get('/steady/20?h4'); sleep(0.5)")
    ),
    Scenario("healthy: 2 s", script(vus(2, 2), "get('/steady/20?h5')")),
    Scenario(
        "healthy: two scenarios one after the other",
        script(
            rate(20, 6) + ", " + vus(3, 6, "later", ", startTime: '8s'"), "get('/steady/20?h6'); sleep(0.1)"
        ),
    ),
    Scenario(
        "healthy: setup and teardown",
        script(
            vus(4, 10),
            "get('/steady/20?h7'); sleep(0.1)",
            rest=(
                "export function setup() { get('/steady/1500?setup'); sleep(2); }\nexport function teardown()"
                " { get('/steady/900?down'); }"
            ),
        ),
    ),
    Scenario(
        "healthy: 400 iterations shared",
        script("main: { executor: 'shared-iterations', vus: 5, iterations: 400 }", "get('/steady/60?h8')"),
    ),
    Scenario("healthy: few requests, far apart", script(vus(2, 20), "get('/steady/20?h9'); sleep(3)")),
    Scenario("healthy: all VUs in step", script(vus(10, 16), "get('/steady/20?h10'); sleep(2.2)")),
    Scenario("healthy: four endpoints", script(rate(10, 10), _MIX + _ALIKE)),
    Scenario(
        "healthy: a spike of VUs",
        script(rising_vus(2, (4, 2), (2, 20), (4, 20), (2, 2), (3, 2)), "get('/steady/20?h12'); sleep(0.1)"),
    ),
    Scenario("healthy: slow but steady", script(rate(10, 14), "get('/steady/800?h13')")),
    Scenario(
        "healthy: slow and near its capacity",
        script(rate(9, 14, pool=100), "get('/crowded/100/1?h19'); get('/steady/1500?h19')"),
    ),
    Scenario(
        "healthy: a rate ramp on a slow target",
        script(rising_rate(4, (12, 40), (4, 40)), "get('/steady/1400?h20')"),
    ),
    Scenario(
        "healthy: an open model with think time",
        script(rate(30, 14, pool=200), "get('/steady/20?h21'); sleep(4)"),
    ),
    Scenario(
        "healthy: one request in 80 takes 2 s", script(vus(8, 20), "get('/lone/80/2000/10'); sleep(0.1)")
    ),
    Scenario(
        "healthy: an endpoint in 30 is slow",
        script(rate(60, 30), "get(Math.random() < 1 / 30 ? '/steady/900?h23' : '/steady/10?h23')"),
    ),
    Scenario("healthy: 40 s with a long tail, open", script(rate(50, 40), "get('/tailed/20?h14')")),
    Scenario(
        "healthy: 30 s with a long tail, closed", script(vus(10, 30), "get('/tailed/30?h15'); sleep(0.1)")
    ),
    Scenario("healthy: fast answers", script(rate(120, 15), "get('/steady/1?h16')")),
    Scenario(
        "healthy: a busy and a sparse scenario, the busy one ends first",
        script(
            rate(40, 8) + ", " + vus(1, 20, "sparse", ", exec: 'sparse'"),
            "get('/steady/20?h17')",
            rest=_SPARSE,
        ),
    ),
    Scenario(
        "healthy: iterations per VU, one VU is slower",
        script(
            "main: { executor: 'per-vu-iterations', vus: 6, iterations: 40, maxDuration: '60s' }",
            "get('/steady/60?h18'); if (__VU === 1) sleep(0.3);",
        ),
    ),
)
