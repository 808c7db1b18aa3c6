"""A test of one URL as a k6 script that looks as if written by hand."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from k6_mcp.models.request import LoadTest
from k6_mcp.redaction import redact_text
from k6_mcp.scripts.javascript import Code, literal, survives_javascript
from k6_mcp.scripts.load import replaces_preset, url_load
from k6_mcp.scripts.presets import DEFAULT_PRESET
from k6_mcp.scripts.secret_values import (
    Environment,
    is_secret_body,
    is_secret_header,
    is_secret_url,
    json_text,
)
from k6_mcp.scripts.statuses import DEFAULT_EXPECTED, expected_arguments, status_check
from k6_mcp.scripts.templates import render_template
from k6_mcp.scripts.thresholds import url_thresholds

_JSON_TYPE = "application/json"


def url_script(test: LoadTest, environment: Environment) -> str:
    """Return the script for `test.url`; its secrets go into `environment` instead."""
    preset = test.preset or DEFAULT_PRESET
    url = test.url or ""
    statuses = test.expected_statuses or DEFAULT_EXPECTED
    check_name, check_code = status_check(statuses)
    body, replaced = _body(test, environment), replaces_preset(test)
    return render_template(
        preset,
        load_replaced=replaced,
        options=_options(test, "default" if replaced else preset),
        url=environment.hold("url", "URL", url) if is_secret_url(url) else url,
        params=_params(test, environment),
        method=test.method,
        body=body,
        body_name=Code("null" if body is None else "body"),
        expected_arguments=expected_arguments(statuses) if test.expected_statuses else None,
        check_name=check_name,
        check_code=check_code,
    )


def _options(test: LoadTest, scenario: str) -> Mapping[str, object]:
    return {
        "scenarios": {scenario: url_load(test)},
        "thresholds": url_thresholds(test),
        **({"tags": test.tags} if test.tags else {}),
        "discardResponseBodies": True,
    }


def _params(test: LoadTest, environment: Environment) -> Mapping[str, object]:
    plain = dict(test.headers)
    if (
        test.body is not None
        and not isinstance(test.body, str)
        and "content-type" not in map(str.lower, plain)
    ):
        plain = {"Content-Type": _JSON_TYPE, **plain}
    headers = {
        name: (
            environment.hold(f"headers.{name}", f"HEADER_{_env_name(name)}", value)
            if is_secret_header(name, value)
            else value
        )
        for name, value in plain.items()
    }
    tags = {"name": request_name(test)}
    return {"headers": headers, "tags": tags} if headers else {"tags": tags}


def request_name(test: LoadTest) -> str:
    """Return k6's `name` tag for the requests of a test of `url`, the same for all.

    It has no query and no secrets.
    """
    parts = urlsplit(test.url or "")
    return redact_text(f"{test.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}")


def _env_name(header: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in header.upper())


def _body(test: LoadTest, environment: Environment) -> Code | str | None:
    if test.body is None:
        return None
    text = test.body if isinstance(test.body, str) else json_text(test.body)
    if is_secret_body(test.body, text):
        return environment.hold("body", "BODY", text)
    if isinstance(test.body, dict | list) and survives_javascript(test.body):
        return Code(f"JSON.stringify({literal(test.body)})")
    return text
