"""Scripts generated for a URL, run by a real k6 against the local target."""

import json
from typing import get_args

import pytest

from k6_mcp.models.request import Method, Preset
from k6_mcp.settings import Settings
from lab.target import Target
from tests.k6.scripted import accepted, ran

_ONCE = {"vus": 1, "iterations": 1}


@pytest.mark.parametrize("method", get_args(Method))
async def test_every_method_reaches_the_target_as_asked(
    settings: Settings, target: Target, method: str
) -> None:
    body = {} if method in ("GET", "HEAD") else {"body": "some text"}

    run = await ran(
        settings, url=target.url("/ok?a=1"), method=method, headers={"X-Colour": "blue"}, **body, **_ONCE
    )

    [seen] = target.seen
    assert (seen.method, seen.path, seen.headers["x-colour"]) == (method, "/ok?a=1", "blue")
    assert seen.body == (b"some text" if body else b"")
    assert run.outcome.exit_code == 0
    assert run.counted("http_reqs") == 1


async def test_a_json_body_arrives_as_the_same_json_with_its_content_type(
    settings: Settings, target: Target
) -> None:
    body = {
        "b": 1,
        "a": [1.5, None, True, {"ü": "\u2028</script>"}],
        "__proto__": {"x": 1},
        "constructor": "c",
    }

    await ran(settings, url=target.url("/ok"), method="POST", body=body, **_ONCE)

    [seen] = target.seen
    assert seen.headers["content-type"] == "application/json"
    assert (
        seen.body.decode()
        == '{"b":1,"a":[1.5,null,true,{"ü":"\u2028</script>"}],"__proto__":{"x":1},"constructor":"c"}'
    )


@pytest.mark.parametrize(
    "body", ['{"n":12345678901234567890,"1":2,"f":1.0}', '[1e+300,"a"]', "12345678901234567890"]
)
async def test_a_json_body_that_javascript_would_change_arrives_unchanged(
    settings: Settings, target: Target, body: str
) -> None:

    await ran(settings, url=target.url("/ok"), method="PUT", body=json.loads(body), **_ONCE)

    assert target.seen[0].body.decode() == body


async def test_a_given_content_type_stays_whatever_its_case(settings: Settings, target: Target) -> None:
    await ran(
        settings,
        url=target.url("/ok"),
        method="POST",
        body=[1],
        headers={"content-TYPE": "application/x"},
        **_ONCE,
    )

    assert target.seen[0].headers["content-type"] == "application/x"


_BREAKOUTS = (
    '"; http.get("{url}"); //',
    "'); http.get('{url}'); //",
    '`; http.get("{url}"); `',
    '${{http.get("{url}")}}',
    "\\\"; http.get('{url}'); //",
    '*/ http.get("{url}"); /*',
    '}}}}; http.get("{url}"); //',
    '</script><script>http.get("{url}")</script><!--',
    '\u2028http.get("{url}")\u2029',
    "{{{{ 7 * 7 }}}}{{% raw %}}",
)


@pytest.mark.parametrize("breakout", _BREAKOUTS)
async def test_no_value_of_the_caller_becomes_code(settings: Settings, target: Target, breakout: str) -> None:
    payload = breakout.format(url=target.url("/pwned"))
    query = payload.translate({ord(char): None for char in " \u2028\u2029"}).replace("%", "%25")

    await ran(
        settings,
        url=target.url(f"/ok?q={query}"),
        method="POST",
        headers={"X-Payload": payload, "X-`$'1": "x", "__proto__": payload},
        body=payload + "\n\r\0\x7f",
        tags={"plain": payload, "__proto__": payload},
        env={"PLAIN": payload},
        name=payload[:120],
        **_ONCE,
    )

    [seen] = target.seen
    assert target.requests["/pwned"] == 0
    assert seen.body.decode() == payload + "\n\r\0\x7f"
    assert seen.headers["__proto__"].encode("latin-1").decode() == payload


async def test_values_beside_a_script_do_not_become_code_either(settings: Settings, target: Target) -> None:
    payload = '"}});http.get("/pwned");//`${x}`</script>\u2028'

    run = await ran(
        settings,
        script="export default function () { console.log(`got ${__ENV.PLAIN}`); }",
        env={"PLAIN": payload},
        tags={"__proto__": payload},
        thresholds={"iterations{a:`${1}`\"'</script>}": ["count>=0"]},
        expected_statuses=["2xx"],
        **_ONCE,
    )

    assert f"got {payload}" in run.logged() or "got ***" in run.logged()
    assert [threshold.metric for threshold in run.plan.thresholds] == ["iterations{a:`${1}`\"'</script>}"]


async def test_secrets_reach_the_target_and_stand_in_no_file_of_the_run(
    settings: Settings, target: Target
) -> None:
    secrets = {"url": "q-secret-1", "header": "Bearer h-secret-2", "body": "b-secret-3"}

    run = await ran(
        settings,
        url=target.url(f"/ok?api_key={secrets['url']}"),
        method="POST",
        headers={"Authorization": secrets["header"], "X-Api-Key": "k-secret-4"},
        body={"user": "u", "password": secrets["body"]},
        **_ONCE,
    )

    [seen] = target.seen
    assert seen.path == "/ok?api_key=q-secret-1"
    assert (seen.headers["authorization"], seen.headers["x-api-key"]) == ("Bearer h-secret-2", "k-secret-4")
    assert seen.body == b'{"user":"u","password":"b-secret-3"}'
    written = [path for path in run.folder.rglob("*") if path.is_file() and b"-secret-" in path.read_bytes()]
    assert written == []


@pytest.mark.parametrize(
    ("statuses", "failed"),
    [(None, 1.0), ([500], 0.0), (["5xx"], 0.0), (["200-299", 503], 1.0), (["499-500"], 0.0)],
)
async def test_expected_statuses_decide_what_is_a_failure(
    settings: Settings, target: Target, statuses: list[object] | None, failed: float
) -> None:
    run = await ran(settings, url=target.url("/status/500"), expected_statuses=statuses, **_ONCE)

    metrics = run.summary["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["http_req_failed"]["values"]["rate"] == failed
    assert metrics["checks"]["values"]["rate"] == 1.0 - failed


@pytest.mark.parametrize(
    ("preset", "rate", "pool"), [("low", 5, 10), ("medium", 50, 100), ("high", 500, 1000)]
)
async def test_a_preset_is_planned_in_its_size(
    settings: Settings, preset: Preset, rate: int, pool: int
) -> None:
    plan = await accepted(settings, url="http://127.0.0.1:1/", preset=preset)

    [scenario] = plan.scenarios
    assert (scenario.name, scenario.executor, scenario.rate_per_s) == (preset, "constant-arrival-rate", rate)
    assert (plan.max_vus, plan.duration_s, plan.expected_iterations) == (pool, 30, rate * 30)
    assert [(threshold.metric, threshold.expression) for threshold in plan.thresholds] == [
        ("http_req_duration", "avg<=2000"),
        ("http_req_duration", "p(95)<=5000"),
        ("http_req_failed", "rate<=0.01"),
    ]


@pytest.mark.parametrize(
    ("load", "executor", "vus", "duration_s", "rate"),
    [
        ({"vus": 3, "duration": "2s"}, "constant-vus", 3, 2, None),
        ({"iterations": 7}, "shared-iterations", 1, 600, None),
        ({"vus": 2, "iterations": 7}, "shared-iterations", 2, 600, None),
        (
            {"stages": [{"duration": "1s", "target": 4}, {"duration": "500ms", "target": 0}]},
            "ramping-vus",
            4,
            1.5,
            None,
        ),
        ({"rate_per_s": 2.5, "duration": "10s"}, "constant-arrival-rate", 5, 10, 2.5),
        ({"rate_per_s": 0.1}, "constant-arrival-rate", 1, 30, 0.1),
        ({"rate_per_s": 100, "vus": 7}, "constant-arrival-rate", 7, 30, 100),
        ({"rate_per_s": 9000, "duration": "1s"}, "constant-arrival-rate", 1000, 1, 9000),
        ({"duration": "1d"}, "constant-arrival-rate", 10, 86400, 5),
    ],
)
async def test_load_arguments_beside_a_url_replace_the_preset_load(
    settings: Settings,
    load: dict[str, object],
    executor: str,
    vus: int,
    duration_s: float,
    rate: float | None,
) -> None:
    plan = await accepted(settings, url="http://127.0.0.1:1/", **load)

    [scenario] = plan.scenarios
    assert (scenario.executor, plan.max_vus, plan.duration_s) == (executor, vus, duration_s)
    assert plan.peak_rate_per_s == (pytest.approx(rate) if rate else None)
    assert plan.warnings == ()


async def test_every_kind_of_objective_is_a_threshold_that_k6_accepts(settings: Settings) -> None:
    slo = {
        "avg_ms": 0.00001,
        "p95_ms": 1e7,
        "p99_ms": 12.5,
        "error_rate": 0,
        "availability": 0.99999,
        "min_rate_per_s": 1e-7,
    }

    plan = await accepted(settings, url="http://127.0.0.1:1/", slo=slo)

    assert [f"{threshold.metric} {threshold.expression}" for threshold in plan.thresholds] == [
        "http_req_duration avg<=0.00001",
        "http_req_duration p(95)<=10000000",
        "http_req_duration p(99)<=12.5",
        "http_req_failed rate<=0",
        "http_req_failed rate<=0.00001",
        "http_reqs rate>=0.0000001",
    ]
