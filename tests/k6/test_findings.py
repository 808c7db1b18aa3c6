"""Real runs against a target that misbehaves, and the findings they must have.

`python -m benchmarks findings` runs many more.
"""

import dataclasses
import re
from collections.abc import Iterator

import anyio
import pytest

from k6_mcp.app import open_app
from k6_mcp.models.findings import FindingLimits
from k6_mcp.models.request import LoadTest
from k6_mcp.models.service_answers import Explanation
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Limits, Settings
from lab.misbehaving_runs import Scenario, rate, rising_rate, script, vus
from lab.misbehaving_targets import open_misbehaving

_FEW_ERRORS = ("http_req_failed: ['rate<0.02']",)
SCENARIOS = (
    Scenario(
        "outage",
        script(rate(20, 8), "get('/outage/3/2.5/5')"),
        ("outage",),
        ("error_rate_high", "errors_flatter_latency"),
    ),
    Scenario(
        "stall", script(vus(5, 9), "get('/stall/4/2/5'); sleep(0.05)"), ("coordinated_omission",), ("outage",)
    ),
    Scenario(
        "ramp",
        script(
            rising_rate(20, (10, 85)),
            "get('/crowded/20/1')",
            thresholds=("http_req_duration: ['p(95)<100']",),
        ),
        ("slo_break_point",),
        ("latency_knee",),
    ),
    Scenario("jump", script(rate(20, 17), "get('/jumping/8/20/200')"), ("latency_drift",)),
    Scenario(
        "a limiter",
        script(rising_rate(5, (12, 110)), "get('/limited/40/5')", thresholds=_FEW_ERRORS),
        ("slo_break_point", "error_rate_high"),
    ),
    Scenario("slow requests one by one", script(vus(8, 9), "get('/lone/80/2000/10'); sleep(0.1)")),
    Scenario("healthy", script(rate(20, 9), "get('/steady/20')")),
    Scenario("healthy with think time", script(vus(5, 9), "get('/steady/20?think'); sleep(0.3)")),
)


@pytest.fixture
def misbehaving() -> Iterator[str]:
    with open_misbehaving() as url:
        yield url


@pytest.mark.lasting
async def test_real_runs_show_the_findings_they_are_made_for_and_healthy_ones_none(
    settings: Settings, misbehaving: str
) -> None:
    explained: dict[str, Explanation] = {}
    settings = dataclasses.replace(settings, limits=Limits(max_concurrent_runs=len(SCENARIOS)))

    async def explain(service: LoadTests, scenario: Scenario) -> None:
        run = await service.execute(
            LoadTest(script=scenario.script.replace("TARGET", misbehaving)), wait_s=60
        )
        explained[scenario.name] = await service.kept_runs.explain(run.run_id)
        worst = next((finding.severity for finding in explained[scenario.name].findings), None)
        assert (await service.get(run.run_id)).worst == worst

    async with open_app(settings) as service, anyio.create_task_group() as tasks:
        for scenario in SCENARIOS:
            tasks.start_soon(explain, service, scenario)

    for scenario in SCENARIOS:
        ids = {finding.id for finding in explained[scenario.name].findings}
        assert set(scenario.must) <= ids <= {*scenario.must, *scenario.also}, explained[scenario.name]
    assert "found: outage (critical)" in explained["outage"].headline
    (jump,) = (finding for finding in explained["jump"].findings if finding.id == "latency_drift")
    assert "jumped" in jump.message, jump
    assert explained["ramp"].phases[0].kind == "ramp"
    for advice in (finding.recommendation for finding in explained["a limiter"].findings):
        told = re.search(
            r"a limiter turned requests away \(HTTP 429\): stay below what it lets through \(about (\d+)"
            r" requests/s",
            advice,
        )
        # It lets 40 through
        assert told and 34 <= int(told[1]) <= 46, advice


async def test_a_rule_that_cannot_judge_costs_the_run_nothing_but_its_severity(
    settings: Settings, misbehaving: str
) -> None:
    unusable = FindingLimits()._replace(avg_ms=None)

    async with open_app(dataclasses.replace(settings, findings=unusable)) as service:
        run = await service.execute(LoadTest(url=f"{misbehaving}/steady/5", vus=1, iterations=3), wait_s=30)

    assert (run.status, run.worst) == ("completed", None)
