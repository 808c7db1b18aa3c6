"""Requests rendered to scripts and compared with the stored ones, and the stored part of a request."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Asked
from k6_mcp.models.script import Script
from k6_mcp.scripts.render import asked, render

_GOLDEN = Path(__file__).parent / "golden"
_LOGIN: Mapping[str, object] = {
    "url": "https://api.example.com/login?api_key=q-secret-1",
    "preset": "medium",
    "method": "POST",
    "headers": {"Authorization": "Bearer h-secret-2", "X-Trace": "on", "Cookie": "sid=c-secret-3"},
    "body": {"user": "ann", "password": "b-secret-4"},
    "tags": {"team": "shop"},
    "expected_statuses": [200, "4xx"],
    "slo": {"p95_ms": 300, "availability": 0.999},
    "env": {"PLAIN": "e-secret-5"},
}
_CASES: Mapping[str, Mapping[str, object]] = {
    "low": {"url": "http://127.0.0.1:8080/"},
    "medium_login": _LOGIN,
    "high_stages": {
        "url": "http://127.0.0.1:8080/items?page=1",
        "preset": "high",
        "method": "PUT",
        "body": {"name": "x", "tags": ["a", "b"], "size": {"w": 1, "h": 2}},
        "stages": [
            {"duration": "10s", "target": 20},
            {"duration": "30s", "target": 20},
            {"duration": "5s", "target": 0},
        ],
    },
}


def _render(**arguments: object) -> Script:
    return render(parse_load_test(arguments))


def _asked(**arguments: object) -> Asked:
    return asked(parse_load_test(arguments))


@pytest.mark.parametrize("name", _CASES)
def test_a_generated_script_reads_as_stored(name: str) -> None:
    assert _render(**_CASES[name]).text == (_GOLDEN / f"{name}.js").read_text(encoding="utf-8")


def test_the_wrapper_reads_as_stored() -> None:
    arguments = {
        "script": "x",
        "vus": 2,
        "duration": "5s",
        "tags": {"a": "b"},
        "expected_statuses": ["2xx"],
        "slo": {"p95_ms": 9},
    }

    assert _render(**arguments).files["_main.js"] == (_GOLDEN / "_main.js").read_text(encoding="utf-8")


def test_the_text_of_a_script_is_run_and_hashed_as_given() -> None:
    script = _render(script="\ufeffexport default () => {};\n", env={"A": "1"})

    assert (script.origin, script.text, script.files["script.js"]) == (
        "text",
        "export default () => {};\n",
        script.text,
    )
    assert script.sha256 == hashlib.sha256(script.text.encode()).hexdigest()
    assert script.source_path is None
    assert {name: value.get_secret_value() for name, value in script.env.items()} == {"A": "1"}


def test_secrets_are_in_the_environment_and_in_no_text() -> None:
    script = _render(**_LOGIN)

    assert "-secret-" not in script.text + "".join(script.files.values())
    assert {name: value.get_secret_value() for name, value in script.env.items()} == {
        "PLAIN": "e-secret-5",
        "K6_MCP_URL": "https://api.example.com/login?api_key=q-secret-1",
        "K6_MCP_HEADER_AUTHORIZATION": "Bearer h-secret-2",
        "K6_MCP_HEADER_COOKIE": "sid=c-secret-3",
        "K6_MCP_BODY": '{"user":"ann","password":"b-secret-4"}',
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:hunter2@a/",
        "http://a/?x=1&access_token=hunter2",
        "http://a/?%74oken=hunter2",
        "http://a/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2",
    ],
)
def test_a_url_with_a_secret_is_kept_out_of_the_script(url: str) -> None:
    assert "hunter2" not in _render(url=url).text


@pytest.mark.parametrize(
    "body", ["user=ann&password=hunter2", '{"a":[{"apiKey":"hunter2"}]}', {"a": [{"token": ["hunter2"]}]}]
)
def test_a_body_with_a_secret_field_is_kept_out_of_the_script_and_masked(body: object) -> None:
    arguments = {"url": "http://a", "method": "POST", "body": body}

    assert "hunter2" not in _render(**arguments).text
    assert "hunter2" not in (_asked(**arguments).body or "")


def test_headers_whose_names_differ_only_in_signs_keep_their_own_values() -> None:
    script = _render(url="http://a", headers={"X-Token": "one-1", "X_Token": "two-2"})

    assert [value.get_secret_value() for value in script.env.values()] == ["one-1", "two-2"]


def test_plain_values_are_not_secrets() -> None:
    script = _render(
        url="http://a/?page=2", method="POST", headers={"Accept": "*/*"}, body={"name": "x", "token": None}
    )

    assert script.env == {}


def test_values_that_are_too_large_are_refused_together() -> None:
    arguments = {
        "url": "http://a",
        "method": "POST",
        "headers": {"Authorization": "x" * 100_001},
        "body": {"password": "x" * 100_000},
        "env": {"A": "ü" * 50_001},
    }

    with pytest.raises(InvalidArguments) as caught:
        _render(**arguments)

    assert [reason.split(";")[0] for reason in caught.value.reasons] == [
        "env.A: has 100002 bytes",
        "body: has 100015 bytes",
        "headers.Authorization: has 100001 bytes",
    ]
    assert "open()" in caught.value.hint


def test_values_that_are_too_large_in_total_are_refused() -> None:
    with pytest.raises(InvalidArguments) as caught:
        _render(url="http://a", env={f"E{number:02}": "x" * 90_000 for number in range(40)})

    assert list(caught.value.reasons) == [
        "env: has 3600440 characters as JSON with \\u escapes; the most that k6 can take is 1000000"
    ]


def test_the_stored_request_contains_no_secret() -> None:
    kept = _asked(**_LOGIN)

    assert "-secret-" not in kept.model_dump_json()
    assert kept.url == "https://api.example.com/login?api_key=***"
    assert kept.headers == {"Authorization": "Bearer ***", "X-Trace": "on", "Cookie": "***"}
    assert kept.body == '{"user":"ann","password":"***"}'
    assert kept.env_names == ("PLAIN",)
    assert (kept.origin, kept.preset, kept.method, kept.expected_statuses) == (
        "preset",
        "medium",
        "POST",
        ("200", "4xx"),
    )


def test_the_stored_request_has_no_script_and_a_script_has_no_method_or_preset() -> None:
    kept = _asked(script="export default () => {};", vus=1, iterations=2, thresholds={"checks": "rate>0.9"})

    assert (kept.origin, kept.preset, kept.method, kept.url) == ("text", None, None, None)
    assert (kept.vus, kept.iterations, kept.thresholds) == (1, 2, {"checks": ("rate>0.9",)})


def test_a_long_body_is_stored_cut() -> None:
    assert _asked(url="http://a", method="PUT", body="x" * 5000).body == f"{'x' * 2000}… (5000 characters)"


@pytest.mark.parametrize(("repeat", "kept"), [(1, None), (2, 2), (10, 10)])
def test_a_request_is_kept_with_its_repeats_if_there_are_several(repeat: int, kept: int | None) -> None:
    assert _asked(url="http://a", preset="low", repeat=repeat).repeat == kept
