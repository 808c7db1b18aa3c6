"""Values in templates of scripts."""

from collections.abc import Mapping

import pytest
from jinja2 import UndefinedError

from k6_mcp.scripts.javascript import Code
from k6_mcp.scripts.templates import render_template

_VALUES: Mapping[str, object] = {
    "load_replaced": False,
    "options": Code("{ vus: 2 }"),
    "url": 'http://h/"',
    "body": None,
    "params": {"tags": {"name": "x"}},
    "expected_arguments": None,
    "method": "GET",
    "body_name": Code("null"),
    "check_name": "is 200",
    "check_code": Code("r.status === 200"),
}


def test_code_is_written_as_it_is_and_other_values_as_literals() -> None:
    text = render_template("low", **_VALUES)

    assert "export const options = { vus: 2 };" in text
    assert r'const url = "http://h/\"";' in text
    assert 'http.request("GET", url, null,' in text
    assert '"is 200": (r) => r.status === 200,' in text


def test_a_value_that_is_missing_is_reported_by_its_name() -> None:
    values = {name: value for name, value in _VALUES.items() if name != "options"}

    with pytest.raises(UndefinedError, match="'options' is undefined"):
        render_template("low", **values)
