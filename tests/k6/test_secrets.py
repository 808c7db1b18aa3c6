"""No secret stays on disk or reaches an answer, wherever a script or a target repeats it."""

from pathlib import Path

from k6_mcp.app import open_app
from k6_mcp.models.rules import parse_load_test
from k6_mcp.reports.answer import run_answer
from k6_mcp.settings import Settings
from tests.target import Target

PASSWORD, BEARER, QUERY, BODY = "s3cret-env-value", "s3cret-bearer-value-1", "s3cret-query-value", "s3cret-body-value"
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
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]


async def test_what_a_script_prints_throws_and_returns_is_kept_without_its_secrets(settings: Settings, target: Target) -> None:
    test = parse_load_test({"script": LEAKY % target.url("/ok"), "env": {"PASSWORD": PASSWORD}})
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        told = run_answer(run).model_dump_json() + await service.log(run.run_id) + await service.script(run.run_id)
        told += (await service.insights.explain(run.run_id)).model_dump_json()
    assert target.total == 3
    assert "logging in with ***" in told
    assert {secret: _where(secret, settings.results_dir) for secret in (PASSWORD, BEARER)} == {PASSWORD: [], BEARER: []}
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
    for (const name of [`as ${__ENV.PASSWORD}`, `as ${__ENV.OTHER}`]) { made[name] = (r) => r.status === 201; }
    check(http.get('%s'), made);
  });
}
"""


async def test_checks_and_groups_that_are_named_after_a_secret_are_told_without_it(settings: Settings, target: Target) -> None:
    env = {"PASSWORD": PASSWORD, "OTHER": QUERY, "SCHEME": "http"}
    test = parse_load_test({"script": NAMED % target.url("/ok"), "env": env, "iterations": 2})
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        told = run_answer(run).model_dump_json() + (await service.insights.explain(run.run_id)).model_dump_json()
    assert run.metrics is not None
    assert [(c.group, c.name, c.fails) for c in run.metrics.checks] == [("user ***", "as ***", 2)] * 2
    assert run.metrics.figures.requests == 2
    assert not [secret for secret in ALL if secret in told]
    assert {secret: _where(secret, settings.results_dir) for secret in (PASSWORD, QUERY)} == {PASSWORD: [], QUERY: []}


async def test_a_target_that_quotes_a_part_of_a_secret_is_quoted_without_it(settings: Settings, target: Target) -> None:
    body = {"user": "ada", "login": {"password": BODY}}
    test = parse_load_test(
        {"url": target.url("/echo"), "method": "POST", "body": body, "expected_statuses": ["5xx"], "vus": 1, "iterations": 4}
    )
    async with open_app(settings) as service:
        run = await service.execute(test, wait_s=30)
        log = await service.log(run.run_id)
    assert "k6-mcp sample" in log and "***" in log and BODY not in log
    assert _where(BODY, settings.results_dir) == []


async def test_a_generated_request_sends_its_secrets_and_keeps_none(settings: Settings, target: Target) -> None:
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
        told = run_answer(run).model_dump_json() + await service.log(run.run_id) + await service.script(run.run_id)
    assert run.status == "completed", run.failure
    assert target.total == 2
    assert {secret: _where(secret, settings.results_dir) for secret in (QUERY, BEARER, BODY)} == {QUERY: [], BEARER: [], BODY: []}
    assert not [secret for secret in ALL if secret in told]
