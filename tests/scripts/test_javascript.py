"""Values written as JavaScript."""

import json

import pytest

from k6_mcp.scripts.javascript import Code, literal, survives_javascript, text_literal


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "\\",
        '\\"',
        "\n\r\t\0",
        "\u2028\u2029",
        "</script><!--",
        "`${x}`",
        "ü😀",
        "\u202e\ufeff\u200d",
        "\x7f",
        "*/ // '",
    ],
)
def test_text_becomes_one_line_of_visible_characters_that_means_the_same(text: str) -> None:
    written = text_literal(text)

    assert written.isprintable()
    assert "</" not in written
    assert "<!--" not in written
    assert json.loads(written.replace("<\\!--", "<!--")) == text


def test_data_is_laid_out_as_written_by_hand() -> None:
    value = {
        "plain": 1,
        "with-dash": ["a", 2.5, None, True],
        "nested": {"stages": [{"duration": "1s", "target": 3}]},
        "none": {},
    }

    assert literal(value) == (
        '{\n  plain: 1,\n  "with-dash": ["a", 2.5, null, true],\n  nested: {\n'
        '    stages: [{ duration: "1s", target: 3 }],\n  },\n  none: {},\n}'
    )


def test_a_long_list_takes_a_line_for_each_item() -> None:
    assert literal(["x" * 60, "y" * 60]) == f'[\n  "{"x" * 60}",\n  "{"y" * 60}",\n]'


def test_a_key_named_proto_is_a_property() -> None:
    assert literal({"__proto__": 1}) == '{\n  ["__proto__"]: 1,\n}'
    assert literal([{"__proto__": 1}]) == '[{ ["__proto__"]: 1 }]'


def test_only_code_is_written_as_it_is() -> None:
    assert literal({"a": Code("__ENV.A"), "b": "__ENV.A"}) == '{\n  a: __ENV.A,\n  b: "__ENV.A",\n}'


def test_a_value_that_is_not_json_is_not_written() -> None:
    with pytest.raises(TypeError):
        literal({"a": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        literal(float("nan"))


@pytest.mark.parametrize(
    ("value", "survives"),
    [
        ({"a": [1, "x", 1.5, None, True, {"b": 1}]}, True),
        (2**53, True),
        (2**53 + 1, False),
        ([1.0], False),
        ({"1": "moves to the front"}, False),
    ],
)
def test_json_that_javascript_would_change_is_known(value: object, survives: bool) -> None:
    assert survives_javascript(value) is survives
