"""No secret stays on disk or reaches an answer, wherever a script or a target repeats it."""

import base64
from pathlib import Path

from k6_mcp.answers.run import run_answer
from k6_mcp.app import open_app
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.settings import Settings
from lab.target import Target

PASSWORD, BEARER, QUERY, BODY = (
    "s3cret-env-value",
    "s3cret-bearer-value-1",
    "s3cret-query-value",
    "s3cret-body-value",
)
KEY, OTHER_KEY = "k3y_of_the_caller", "an0ther_key"
ALL = (PASSWORD, BEARER, QUERY, BODY)

LEAKY = """
import http from 'k6/http';
import { fail } from 'k6';
export const options = { iterations: 3 };
const headers = { Authorization: 'Bearer s3cret-bearer-value-1' };
export function setup() { return { token: __ENV.PASSWORD, seen: 's3cret-bearer-value-1' }; }
export default function (data) {
  http.get('%s', { headers });
  console.log(`logging in with ${__ENV.PASSWORD} and Authorization: ${headers.Authorization}`);
  if (__ITER === 2) { fail(`refused ${data.token}`); }
}
export function handleSummary(data) { return { stdout: `setup gave ${data.setup_data.token}\\n` }; }
"""


def _where(secret: str, folder: Path) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]


async def test_what_a_script_prints_throws_and_returns_is_kept_without_its_secrets(
    settings: Settings, target: Target
) -> None:
    test = parse_load_test({"script": LEAKY % target.url("/ok"), "env": {"PASSWORD": PASSWORD}})
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        told = (
            run_answer(run).model_dump_json()
            + await service.log(run.run_id)
            + await service.script(run.run_id)
        )
        told += (await service.kept_runs.explain(run.run_id)).model_dump_json()
    assert target.total == 3
    assert "logging in with ***" in told
    assert {secret: _where(secret, settings.results_dir) for secret in (PASSWORD, BEARER)} == {
        PASSWORD: [],
        BEARER: [],
    }
    assert not [secret for secret in ALL if secret in told]


AWKWARD = 'hunter77&<w> "q\\ü+=/\n end'
SPELLING = """
import http from 'k6/http';
export const options = { iterations: 2 };
export default function () {
  const secret = __ENV.AWKWARD;
  console.log('it is ' + secret);
  console.log({ inside: secret, again: JSON.stringify({ deeper: secret }) });
  for (const written of [encodeURIComponent(secret), encodeURI(secret), secret]) {
    http.get(`http://127.0.0.1:9/?x=${written}`);
    http.get(`http://127.0.0.1:9/${written}`);
  }
  throw new Error('no ' + secret);
}
"""


async def test_secrets_are_masked_however_k6_and_the_script_spell_them(settings: Settings) -> None:
    test = parse_load_test({"script": SPELLING, "env": {"AWKWARD": AWKWARD}})
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        told = run_answer(run).model_dump_json() + await service.log(run.run_id)
    assert "it is ***" in told and "Error: no ***" in told
    assert "hunter77" not in told
    assert _where("hunter77", settings.results_dir) == []


NAMED = """
import http from 'k6/http';
import { check, group } from 'k6';
export default function () {
  group(`user ${__ENV.PASSWORD}`, () => {
    const made = {};
    for (const name of [`as ${__ENV.PASSWORD}`, `as ${__ENV.OTHER}`]) {
      made[name] = (r) => r.status === 201;
    }
    check(http.get('%s'), made);
  });
}
"""


async def test_checks_and_groups_that_are_named_after_a_secret_are_told_without_it(
    settings: Settings, target: Target
) -> None:
    env = {"PASSWORD": PASSWORD, "OTHER": QUERY, "SCHEME": "http"}
    test = parse_load_test({"script": NAMED % target.url("/ok"), "env": env, "iterations": 2})
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        told = (
            run_answer(run).model_dump_json()
            + (await service.kept_runs.explain(run.run_id)).model_dump_json()
        )
    assert run.metrics is not None
    assert [(c.group, c.name, c.fails) for c in run.metrics.checks] == [("user ***", "as ***", 2)] * 2
    assert run.metrics.figures.requests == 2
    assert not [secret for secret in ALL if secret in told]
    assert {secret: _where(secret, settings.results_dir) for secret in (PASSWORD, QUERY)} == {
        PASSWORD: [],
        QUERY: [],
    }


SHOWN = """
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
const key = __ENV.API_KEY, made = new Counter(`made_${key}`), zeit = new Trend(`${key}_time`, true),
  plain = new Counter('staging_total');
export const options = {
  scenarios: {
    [`as_${key}`]: { executor: 'shared-iterations', vus: 1, iterations: 30 },
    plain: { executor: 'shared-iterations', vus: 1, iterations: 20 },
  },
  thresholds: {
    [`made_${key}`]: ['count>5'], [`http_reqs{user:${key}}`]: ['count<1'],
    [`http_req_duration{scenario:as_${key}}`]: ['p(95)<5000'],
    staging_total: ['count>5'], [`http_reqs{user:${__ENV.OTHER_KEY}}`]: ['count<1'],
  },
};
export default function () {
  http.get('%s/delay/50', { tags: { user: __ITER %% 3 ? key : __ENV.OTHER_KEY, name: 'it' } });
  made.add(1); zeit.add(7.5); plain.add(1);
}
"""


async def test_metrics_scenarios_and_threshold_tags_that_are_named_after_a_secret_are_told_without_it(
    settings: Settings, target: Target
) -> None:
    env = {"API_KEY": KEY, "OTHER_KEY": OTHER_KEY, "STAGE": "staging", "SCHEME": "http"}
    async with open_app(settings) as service:
        run = await service.execute(
            parse_load_test({"script": SHOWN % target.url(""), "env": env}), wait_s=30
        )
        timeline = await service.timeline(run.run_id)
        told = run.model_dump_json() + run_answer(run).model_dump_json() + await service.log(run.run_id)
        told += (await service.kept_runs.explain(run.run_id)).model_dump_json() + str(timeline)
    assert run.metrics is not None and run.plan is not None and timeline is not None
    assert (run.metrics.source, run.metrics.figures.requests, run.metrics.warnings) == ("summary", 50, ())
    assert sorted(scenario.name for scenario in run.plan.scenarios) == ["as_***", "plain"]
    assert {
        (t.metric, t.ok, t.observed) for t in run.metrics.thresholds if t.expression.startswith("count")
    } == {
        ("made_***", True, 50),
        ("staging_total", True, 50),
        ("http_reqs{user:***}", False, 17),
        ("http_reqs{user:****}", False, 33),
    }
    rows = {row.name: row.values for row in run.metrics.rows}
    assert (rows["***_time"]["avg"], rows["made_***"]["count"]) == (7.5, 50)
    assert {s.name: sum(s.series.requests) for s in timeline.scenarios} == {"as_***": 30, "plain": 20}
    assert not [told[told.index(secret) - 90 :][:150] for secret in (KEY, OTHER_KEY) if secret in told]
    assert {secret: _where(secret, settings.results_dir) for secret in (KEY, OTHER_KEY)} == {
        KEY: [],
        OTHER_KEY: [],
    }


async def test_a_target_that_quotes_a_part_of_a_secret_is_quoted_without_it(
    settings: Settings, target: Target
) -> None:
    body = {"user": "ada", "login": {"password": BODY}}
    test = parse_load_test(
        {
            "url": target.url("/echo"),
            "method": "POST",
            "body": body,
            "expected_statuses": ["5xx"],
            "vus": 1,
            "iterations": 4,
        }
    )
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        log = await service.log(run.run_id)
    assert "k6-mcp sample" in log and "***" in log and BODY not in log
    assert _where(BODY, settings.results_dir) == []


async def test_a_generated_request_sends_its_secrets_and_keeps_none(
    settings: Settings, target: Target
) -> None:
    test = parse_load_test(
        {
            "url": target.url(f"/echo?api_key={QUERY}&page=2"),
            "method": "POST",
            "headers": {"Authorization": f"Bearer {BEARER}", "X-Trace": "visible"},
            "body": {"user": "ada", "password": BODY},
            "vus": 1,
            "iterations": 2,
        }
    )
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        told = (
            run_answer(run).model_dump_json()
            + await service.log(run.run_id)
            + await service.script(run.run_id)
        )
    assert run.status == "completed", run.failure
    assert target.total == 2
    assert {secret: _where(secret, settings.results_dir) for secret in (QUERY, BEARER, BODY)} == {
        QUERY: [],
        BEARER: [],
        BODY: [],
    }
    assert not [secret for secret in ALL if secret in told]


LITERAL, FOLDED, IMPORTED, BARE = (
    "l1teral-of-the-script",
    "f0lded-literal",
    "imp0rted-literal",
    "b3arer-literal",
)
WRITTEN = f"""
import http from 'k6/http';
import encoding from 'k6/encoding';
import {{ apiKey }} from './keys.js';
import {{ Counter }} from 'k6/metrics';
import {{ check }} from 'k6';
const password: string = '{LITERAL}', made = new Counter('made_{LITERAL}'.replace(/[^a-z0-9_]/g, '_'));
const clientSecret = 'f0lded' + "-literal";
const headers = {{ Authorization: 'Bearer {BARE}' }}, login = {{ password: 'test', user: 'ada' }};
const hex = (text: string) => [...text].map((char) => char.charCodeAt(0).toString(16)).join('');
export const options = {{ iterations: 1, thresholds: {{ 'checks{{user:{LITERAL}}}': ['rate>0'] }} }};
export default function () {{
  for (const value of [password, clientSecret, apiKey, '{BARE}', __ENV.PASSWORD]) {{
    const written = `${{encodeURIComponent(value)}}; ${{JSON.stringify({{ value }})}}`;
    console.log(`bare ${{value}}; quoted "${{value}}"; ${{written}}`);
    console.log(value.toUpperCase(), value.toLowerCase(), hex(value), hex(value).toUpperCase());
    for (const before of ['', 'a', 'ab', 'user:']) {{
      console.warn(encoding.b64encode(before + value),
        encoding.b64encode(`${{before}}${{value}}:more`, 'rawurl'));
    }}
    http.get(`{{url}}/${{value}}?q=${{encoding.b64encode('x' + value)}}`);
  }}
  check(1, {{ [`as ${{password}}`]: () => true }}, {{ user: password }});
  console.log(`a test of ${{login.password}} stays; options of the test`);
  throw new Error(`no ${{clientSecret}}`);
}}
"""


def _forms(secret: str) -> list[str]:
    """Return how a secret must not be found: as it is, and its middle in what encodes it."""
    data = secret.encode()
    inner = [base64.b64encode(bytes(before) + data)[4:-4].decode() for before in range(3)]
    return [secret, secret.upper(), data.hex(), data.hex().upper(), *inner]


async def test_secrets_are_masked_in_whatever_a_script_encodes_them_and_so_are_its_literals(
    settings: Settings, target: Target, tmp_path: Path
) -> None:
    script = tmp_path / "load.ts"
    script.write_text(WRITTEN.replace("{url}", target.url("")), encoding="utf-8")
    (tmp_path / "keys.js").write_text(f"export const apiKey = '{IMPORTED}';", encoding="utf-8")
    test = parse_load_test({"script_file": str(script), "env": {"PASSWORD": PASSWORD}})
    async with open_app(settings) as service:
        told = (await service.plan(test)).model_dump_json()
        run = await service.execute(test, wait_s=30)
        log = await service.log(run.run_id)
        told += (
            run.model_dump_json() + run_answer(run).model_dump_json() + log + await service.script(run.run_id)
        )
        told += (await service.kept_runs.explain(run.run_id)).model_dump_json()

    assert (target.total, run.status) == (5, "failed"), (run.failure, log)
    assert "a test of test stays; options of the test" in log
    for secret in (LITERAL, FOLDED, IMPORTED, BARE, PASSWORD):
        assert [told[told.index(form) - 90 :][:150] for form in _forms(secret) if form in told] == []
        assert {form: _where(form, settings.results_dir) for form in _forms(secret)} == {
            form: [] for form in _forms(secret)
        }
