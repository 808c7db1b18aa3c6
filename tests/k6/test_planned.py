"""A script runs as it was planned, even if it can detect the difference."""

import json
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from k6_mcp.analysis.verdict.verdict import judge
from k6_mcp.app import open_app
from k6_mcp.errors import InvalidArguments, LimitExceeded
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.plan import Planned, RunPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.runners.command import environment, inspect_command
from k6_mcp.runners.inspect import planned_options
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.scripts.render import render
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace
from lab.certificate import self_signed_context
from tests.k6.scripted import ran, refused

# Our own module tells it without fail; clocks, dice and files that change do it as well.
_TELLS = "import { planned } from './_given.js';\nconst runs = planned() !== undefined;\n"
_DIFFERS = """
let calls = 0;
const small = {
  scenarios: {
    a: { executor: 'shared-iterations', vus: 1, iterations: 2, maxDuration: '5s', tags: { a: 'b' } },
  },
  thresholds: { iterations: ['count>100'], 'checks{a:b}': ['rate>0.5'] }, rps: 7, setupTimeout: '5s',
  tags: { c: 'd' },
  hosts: { 'x.test': '127.0.0.1' }, blacklistIPs: ['10.0.0.0/8'], minIterationDuration: '20ms' };
const large = {
  scenarios: {
    a: { executor: 'constant-arrival-rate', rate: 50, duration: '9s', preAllocatedVUs: 9, exec: 'other' },
  },
  setupTimeout: '50s' };
"""
_FUNCTIONS = """
import exec from 'k6/execution';
import { check } from 'k6';
export default function () { check(1, { 'is one': (one) => one === 1 }, { a: 'b' });
  const planned = exec.test.options;
  const { rps, setupTimeout, minIterationDuration, tags, hosts, blacklistIPs, thresholds } = planned;
  const own = ['iterations', 'checks{a:b}'].map((name) => thresholds[name].length);
  const seen = [
    rps, setupTimeout, minIterationDuration, tags, Object.keys(hosts), blacklistIPs.length, own,
  ];
  console.log(`options ${JSON.stringify(seen)}`);
 }
export function other() { throw new Error('not planned'); }
"""
_WAYS = {
    "by what only a run knows": "export const options = runs ? large : small;",
    "by getters that count": (
        """export const options = {};
for (const name of Object.keys(small)) {
  Object.defineProperty(options, name, { enumerable: true, set() {},
    get: () => (runs && (calls += 1) ? large[name] : small[name]) });
}"""
    ),
    "by changing what was handed over": (
        """export const options = small;
if (runs) {
  const one = planned();
  for (const name of Object.keys(one)) { delete one[name]; }
  Object.assign(one, large);
}"""
    ),
    "by other builtins": (
        """export const options = small;
if (runs) {
  JSON.parse = () => large;
  Object.prototype.toJSON = () => large;
  Object.defineProperty(Object.prototype, 'scenarios',
    { get: () => large.scenarios, set() {}, configurable: true });
  Array.prototype.toJSON = () => [];
  String.prototype.slice = () => '';
  Object.keys = () => [];
  globalThis.__ENV = { K6_MCP_PLANNED_0: ':{}' };
}"""
    ),
}


@pytest.mark.parametrize("way", _WAYS)
async def test_a_script_runs_as_it_was_planned_although_it_would_have_run_otherwise(
    settings: Settings, way: str
) -> None:
    run = await ran(settings, script=_TELLS + _DIFFERS + _WAYS[way] + _FUNCTIONS)

    assert run.outcome.exit_code == 99, run.logged()
    assert "not planned" not in run.logged()
    assert run.counted("iterations") == 2
    assert (run.plan.max_vus, run.plan.expected_iterations, run.plan.rps, run.plan.setup_timeout_s) == (
        1,
        2,
        7,
        5,
    )
    # There the script has taken JSON away from itself
    if way != "by other builtins":
        assert """options [7,"5s","20ms",{"c":"d"},["x.test"],1,[1,1]]""" in run.logged()


async def test_a_file_that_changes_after_the_plan_changes_no_load(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "vus.json").write_text('{"vus": 1, "iterations": 1}', encoding="utf-8")
    script = tmp_path / "test.js"
    script.write_text(
        "export const options = JSON.parse(open('./vus.json'));\nexport default function () {"
        " console.log('ran'); }\n",
        encoding="utf-8",
    )
    source = render(parse_load_test({"script_file": str(script)}))
    with closing(LocalRunner(Launcher(Workspace(settings.results_dir), settings.k6_bin, ""))) as runner:
        planned = await runner.plan("r-changes", source)
        assert isinstance(planned, Planned)
        (tmp_path / "vus.json").write_text('{"vus": 5, "iterations": 50}', encoding="utf-8")
        outcome = await runner.run(
            RunPlan("r-changes", source, planned.plan, planned.options, "", 30.0), lambda _: None
        )
    [message] = [message for message in outcome.log.messages if message.text == "ran"]
    assert message.times == 1


async def test_a_k6_that_uses_more_vus_than_planned_is_stopped_and_the_run_fails(settings: Settings) -> None:
    body = "import { sleep } from 'k6';\nexport const options = { vus: 5, duration: '30s' };\n"
    source = render(parse_load_test({"script": body + "export default function () { sleep(0.1); }"}))
    with closing(LocalRunner(Launcher(Workspace(settings.results_dir), settings.k6_bin, ""))) as runner:
        planned = await runner.plan("r-more", source)
        assert isinstance(planned, Planned)
        fewer = planned.plan.model_copy(update={"max_vus": 2})
        outcome = await runner.run(
            RunPlan("r-more", source, fewer, planned.options, "", 60.0), lambda _: None
        )
    failure = judge(outcome, None, fewer).failure
    assert failure is not None
    assert (failure.kind, failure.message[:44]) == (
        "script_error",
        "k6 used more VUs than it had planned (2 VUs)",
    )


async def test_the_options_of_a_plan_mean_the_same_again(settings: Settings, tmp_path: Path) -> None:
    declared = """{ scenarios: {
  a: { executor: 'ramping-arrival-rate', startRate: 1, timeUnit: '1m', preAllocatedVUs: 2, maxVUs: 3,
    stages: [{ duration: '1m30s', target: 5 }],
    env: { A: 'b' }, tags: { c: 'd' }, exec: 'main', startTime: '5s', gracefulStop: '1s',
    options: { browser: { type: 'chromium' } } },
  b: { executor: 'ramping-vus', stages: [{ duration: '1s', target: 2 }], gracefulRampDown: '3s',
    exec: 'main' },
  c: { executor: 'per-vu-iterations', vus: 2, iterations: 3, maxDuration: '1s', exec: 'main' } },
  thresholds: { 'http_req_duration{name:x}': [],
    http_reqs: [{ threshold: 'rate>=0', abortOnFail: true, delayAbortEval: '5s' }] },
  tlsAuth: [{ domains: ['x.test'], cert: PEM, key: PEM }], tlsVersion: { min: 'tls1.2', max: 'tls1.3' },
  tlsCipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'], hosts: { 'y.test:80': '127.0.0.1:81', '*.z.test': '::1' },
  dns: { ttl: '1m', select: 'first' },
  blockHostnames: ['*.w'], blacklistIPs: ['10.0.0.0/8', '::1/128'], tags: { a: 'b' },
  ext: { mine: [1, null, { a: 1e3 }] }, userAgent: 'q', batch: 5,
  batchPerHost: 2, rps: 30, summaryTrendStats: ['avg', 'p(99.5)'], summaryTimeUnit: 'ms',
  systemTags: ['status', 'url'], noVUConnectionReuse: true,
  noConnectionReuse: false, minIterationDuration: '10ms', discardResponseBodies: true,
  insecureSkipTLSVerify: true, noCookiesReset: true,
  maxRedirects: 3, throw: true, httpDebug: 'full', setupTimeout: '10s', teardownTimeout: '1m', noSetup: true,
  noTeardown: false }"""
    folder = RunFolder(tmp_path, "r-1")
    script = render(parse_load_test({"script": "x"}))._replace(entry="test.js")
    folder.path.mkdir(parents=True)

    def inspected(options: str) -> str:
        (folder.path / "test.js").write_text(
            f"export const options = {options};\nexport function main() {{}}\nexport default main;\n",
            encoding="utf-8",
        )
        command = inspect_command(Path(str(settings.k6_bin)), folder, script)
        return planned_options(
            subprocess.run(
                command, env=environment(folder, script), capture_output=True, check=True, text=True
            ).stdout
        )

    self_signed_context(tmp_path)
    once = inspected(
        declared.replace("PEM", json.dumps((tmp_path / "self-signed.pem").read_text(encoding="utf-8")))
    )
    assert all(
        f'"{name}"' in once
        for name in ("browser", "domains", "delayAbortEval", "gracefulRampDown", "httpDebug")
    )
    assert inspected(once) == once
    for plain in (
        "{}",
        "{ vus: 3, duration: '2s' }",
        "{ stages: [{ duration: '2s', target: 4 }] }",
        "{ vus: 2, iterations: 5 }",
    ):
        assert inspected(once := inspected(plain)) == once


@pytest.mark.parametrize(
    "asked",
    [
        {"iterations": 2, "vus": 1},
        {"stages": [{"duration": "1s", "target": 1}]},
        {"rate_per_s": 2, "duration": "1s"},
    ],
)
async def test_a_load_that_a_script_keeps_from_k6_is_refused(
    settings: Settings, asked: Mapping[str, object]
) -> None:
    source = (
        "export const options = { vus: 5, iterations: 70 };\nArray.isArray = () => true;\nexport default"
        " function () {}\n"
    )
    test = parse_load_test({"script": source, "override_load": True, **asked})
    async with open_app(settings) as service:
        for call in (service.plan, service.start):
            with pytest.raises(
                InvalidArguments, match=r"keeps the requested load .* from k6, which plans default"
            ):
                await call(test)


async def test_options_that_cannot_be_handed_to_a_run_are_refused_with_the_limit(settings: Settings) -> None:
    with pytest.raises(
        LimitExceeded, match=r"options have \d{6} characters as JSON; a run can be given 400000"
    ):
        await refused(
            settings,
            script="export const options = { userAgent: 'x'.repeat(400000) };\nexport default function () {}",
        )
