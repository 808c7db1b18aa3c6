import base64
import json
import random
import string
from urllib.parse import quote, quote_plus

import pytest

from k6_mcp.redaction import (
    credentials_in,
    literals_in,
    mask_known,
    names_secret,
    redact_said,
    redact_script,
    redact_text,
    redact_url,
    with_forms,
    with_parts,
)
from k6_mcp.redaction.escapes import unescaped
from k6_mcp.redaction.rules import passwords_in_urls

AWKWARD = 'p&ss <w>/ü="1\\n"'


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRETVALUE1",
        "Cookie: sid=SECRETVALUE1; other=SECRETVALUE1",
        "headers: { Authorization: 'Bearer SECRETVALUE1' }",
        '{"access_token": "SECRETVALUE1"}',
        "const apiKey = `SECRETVALUE1`;",
        r'{"level":"info","msg":"got {\"token\":\"SECRETVALUE1\",\"a\":1}"}',
        r'password: "with \" inside SECRETVALUE1"',
        "password='SECRETVALUE1'",
        "http://user:SECRETVALUE1@host/path",
        "GET /x?a=1&api_key=SECRETVALUE1&b=2",
        "https://host/cb#access_token=SECRETVALUE1&state=1",
        "https://host/x?a=1;password=SECRETVALUE1",
        "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTRUNSRVRWQUxVRTEifQ.SECRETVALUE1",
        "Basic SECRETVALUE1==",
        "?token=SECRETVALUE1",
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str) -> None:
    redacted = redact_text(text)
    assert "SECRETVALUE1" not in redacted and "***" in redacted


def test_known_secrets_are_masked_everywhere_and_longest_first() -> None:
    assert redact_text("a topsecretvalue b topsecret", ["topsecret", "topsecretvalue"]) == "a *** b ***"


def test_short_known_values_do_not_mask_ordinary_text() -> None:
    assert redact_text("1 request to GET", ["1", "GET"]) == "1 request to GET"


@pytest.mark.parametrize(
    "text",
    [
        "export const options = { vus: 10 };",
        "http://127.0.0.1:8080/items?page=2",
        "p(95)<500",
        "tokens per second: 12",
        "script.js: Line 1:21 Unexpected token ILLEGAL",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_a_secret_of_a_query_without_its_url_is_known() -> None:
    assert passwords_in_urls("?token=opensesame") == passwords_in_urls("&token=opensesame") == {"opensesame"}
    assert passwords_in_urls("/a?page=opensesame") == set()


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"\x41\u0042\u{43}", "ABC"),
        (r"a\nb\tc\0", "a\nb\tc\0"),
        (r"\'\"\\", "'\"\\"),
        # No escapes to JavaScript, which would refuse the script
        (r"\u", "u"),
        (r"\x", "x"),
        (r"\uZ\x4", "uZx4"),
        (r"a\u{110000}b", "ab"),
    ],
)
def test_escapes_of_a_literal_become_characters(literal: str, value: str) -> None:
    assert unescaped(literal) == value


def test_a_url_keeps_its_host_and_path() -> None:
    assert (
        redact_url("https://u:p@shop.example:8443/a?token=zzz&x=1#f")
        == "https://***@shop.example:8443/a?token=***&x=1#f"
    )


@pytest.mark.parametrize(
    "text",
    [
        "x" * 500_000,
        "?" + "a" * 500_000,
        "://" + "a" * 500_000,
        "token" * 100_000,
        "'" * 200_000,
        "eyJ" * 100_000,
    ],
)
def test_redaction_of_a_hostile_long_line_ends(text: str) -> None:
    assert len(redact_text(text)) <= len(text)


def test_credentials_are_distinguished_from_prose_about_them() -> None:
    assert credentials_in("const a = 'Bearer abc123def'; // basic authentication, token endpoint") == {
        "abc123def"
    }


@pytest.mark.parametrize(
    ("secret", "part"),
    [
        ("Bearer opensesame", "opensesame"),
        ("http://ada:opensesame@host/path", "opensesame"),
        ("http://ada:open%24esame@host/path", "open$esame"),
        ("http://ada:opensesame@host/path", "YWRhOm9wZW5zZXNhbWU="),
        ("http://opensesame@host/path", "opensesame"),
        ("http://host/path?page=2&api_key=opensesame", "opensesame"),
        ("http://host/path?token=open%24esame", "open$esame"),
        ("user=ada&password=opensesame", "opensesame"),
        ("theme=dark; session_id=opensesame", "opensesame"),
        ("theme=dark; sid=0pen5esame8xWq", "0pen5esame8xWq"),
        ('{"user": "ada", "login": [{"password": "opensesame"}]}', "opensesame"),
        ('{"secret": {"inner": ["opensesame", 987654]}}', "987654"),
    ],
)
def test_a_credential_inside_a_secret_is_also_masked_alone(secret: str, part: str) -> None:
    known = with_parts([secret])

    assert {secret, part} <= known
    assert redact_text(f"we refuse {part} here", known) == "we refuse *** here"


@pytest.mark.parametrize(
    "secret",
    [
        "http://host/path?page=2",
        "user=ada&page=2",
        '{"user": "ada", "token": true}',
        '{"token',
        "[" * 100_000,
        "//[@",
    ],
)
def test_other_parts_of_a_secret_are_not_masked_alone(secret: str) -> None:
    innocent = "user ada of host asked path 2 of page, without a [ and a token"

    assert mask_known(innocent, with_parts([secret])) == innocent


def test_mask_known_masks_only_known_values() -> None:
    assert mask_known("Bearer abcdef1234 for hunter22", ["hunter22"]) == "Bearer abcdef1234 for ***"


@pytest.mark.parametrize(
    "written",
    [
        json.dumps({"field": AWKWARD}),
        json.dumps({"field": AWKWARD}, ensure_ascii=False),
        json.dumps(json.dumps({"field": AWKWARD}, ensure_ascii=False), ensure_ascii=False),
        r'{"msg":"p\u0026ss \u003cw\u003e/ü=\"1\\n\""}',
        f"http://host/?x={quote(AWKWARD, safe='')}",
        f"http://host/?x={quote_plus(AWKWARD)}&y=1",
        f"http://host/{quote(AWKWARD)}",
    ],
)
def test_a_secret_is_masked_in_every_spelling_of_json_and_urls(written: str) -> None:
    masked = mask_known(written, with_parts([AWKWARD]))

    assert "***" in masked and "ss" not in masked


_INDENTED = '{\n    "a": "éé&&&//"\n}'


@pytest.mark.parametrize(
    "written",
    [
        _INDENTED,
        json.dumps(_INDENTED)[1:-1],
        json.dumps(json.dumps(_INDENTED, ensure_ascii=False)),
        quote(_INDENTED),
        quote_plus(_INDENTED),
        _INDENTED.replace("    ", " +%20\\u0020"),
    ],
)
def test_repeated_characters_of_a_secret_match_in_any_spelling_but_only_in_their_number(
    written: str,
) -> None:
    known = [_INDENTED]

    assert "a" not in mask_known(written, known)
    for fewer in (
        _INDENTED.replace("    ", "   "),
        _INDENTED.replace("&&&", "&&"),
        _INDENTED.replace("éé", "é"),
    ):
        assert mask_known(fewer, known) == fewer


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("token=supersecretvalue123", "token=***"),
        ('{"msg":"user ada, password=hunter2 refused"}', '{"msg":"user ada, password=*** refused"}'),
        ("password: hunter22, try again", "password: ***, try again"),
        ("token: expired", "token: expired"),
        ("unexpected token = in line 2", "unexpected token = in line 2"),
        ("max_tokens=256", "max_tokens=256"),
    ],
)
def test_a_bare_value_after_the_name_of_a_secret_is_masked_in_foreign_output(
    written: str, shown: str
) -> None:
    assert redact_said(written) == shown


def test_an_expression_of_a_script_is_shown_as_it_is() -> None:
    assert redact_text("const token=login(user);") == "const token=login(user);"


@pytest.mark.parametrize("secret", ["s3cret-value", "pa?s>~w\xf6rd+/", "abcd", "Zx9" * 30, AWKWARD])
@pytest.mark.parametrize("around", [("", ""), ("u", ":x"), ("us", "y"), ("user:", "")])
def test_a_known_secret_is_masked_at_any_offset_in_base64(secret: str, around: tuple[str, str]) -> None:
    known = with_forms([secret])
    before, after = around
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(f"{before}{secret}{after}".encode()).decode()
        inner = encode(f"{before}{secret}".encode()).decode().rstrip("=")[-len(secret) : -2]
        for written in (encoded, encoded.rstrip("="), quote(encoded, safe=""), json.dumps({"x": encoded})):
            masked = mask_known(f"it is {written} here", known)
            assert "***" in masked and masked.startswith("it is ") and masked.endswith(" here")
            assert not inner or inner not in masked


@pytest.mark.parametrize(
    "written",
    ["S3CRET-VALUE", "s3cret-value", "733363726574", b"S3cret-Value".hex(), b"S3cret-Value".hex().upper()],
)
def test_a_known_secret_is_masked_in_hexadecimal_and_in_any_case(written: str) -> None:
    assert mask_known(f"<{written}>", with_forms(["S3cret-Value", "s3cret"])) == "<***>"


@pytest.mark.parametrize(
    ("script", "secrets"),
    [
        ("const password = 'hunter22';", {"hunter22"}),
        ("const password: string = 'hunter22';", {"hunter22"}),
        ('let api_key="a1b2c3", other = 1', {"a1b2c3"}),
        ("login({ user: 'ada', 'password': `hunter22` })", {"hunter22"}),
        ("headers['X-Api-Key'] = 'a1b2c3d4'", {"a1b2c3d4"}),
        ("headers.set('Authorization', 'Bearer abc12345')", {"abc12345"}),
        ("const clientSecret = ('hun' + \"ter\" +\n  `22`);", {"hunter22"}),
        (r"const pwd = 'it\'s\x41\u{42}1';", {"it'sAB1"}),
        ("const pwd = 'p@ss!word';", {"p@ss!word"}),
        ("const password = 'opensesame';", {"opensesame"}),
        ("const password = 'mysupersecret';", {"mysupersecret"}),
        ("const pwd = '20261130';", {"20261130"}),
        (
            "const a = { Authorization: 'Basic YWRhOmh1bnRlcjIy' };",
            {"YWRhOmh1bnRlcjIy", "ada:hunter22", "hunter22"},
        ),
        ("http.get('http://ada:hunter22@host/x?api_key=k3yk3yk3y')", {"hunter22", "k3yk3yk3y"}),
        ("thresholds: { 'http_reqs{token:a1b2c3}': [] }", {"a1b2c3"}),
        ("const password2 = 'hunter22', passwordOfAda = 'hunter23'", {"hunter22", "hunter23"}),
    ],
)
def test_a_literal_that_is_a_secret_is_known_from_the_script(script: str, secrets: set[str]) -> None:
    assert secrets <= literals_in(script)
    assert not [
        value for value in secrets if value in redact_script(f"{script}\nconsole.log('{''.join(secrets)}')")
    ]


@pytest.mark.parametrize(
    "script",
    [
        *(
            "const password = 'test';",
            "const token = 'none';",
            "password: 'required'",
            "const password = __ENV.PASSWORD;",
        ),
        *(
            "const tokenUrl = 'https://host2/oauth2/token';",
            "token: '/v1/login2'",
            "const passwordField = 'field1_password';",
        ),
        *(
            "const tokenHeader = 'X-Api-Key';",
            "authorization: 'Authorization'",
            "token: 'refresh_token'",
            "cookieName: 'sid_v2'",
        ),
        *(
            "const password = 'must have 8 characters';",
            "signature: 'HS256'",
            "const password = `${user}-pass1`;",
            "let token2; a('x1y2z3');",
        ),
        *(
            "const token = login('user1234');",
            "passwordSelector: '#pw-1'",
            "const tokens = 12345678;",
            "{ password: data.pw1234 }",
        ),
    ],
)
def test_an_ordinary_word_next_to_the_name_of_a_secret_is_not_a_secret(script: str) -> None:
    assert literals_in(script) == frozenset()


def test_a_secret_literal_is_masked_everywhere_but_a_plain_word_only_as_the_secret() -> None:
    script = "const password = 'hunter22', token = 'test';\nconsole.log('hunter22 of a test');"

    assert redact_script(script) == "const password = '***', token = '***';\nconsole.log('*** of a test');"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("token", True),
        ("X-Api-Key", True),
        ("client_secret", True),
        ("token_type", False),
        ("cookieName", False),
        ("build", False),
    ],
)
def test_a_name_shows_whether_its_value_is_the_secret_itself(name: str, expected: bool) -> None:
    assert names_secret(name) is expected


def test_many_secrets_in_a_long_text_are_all_masked() -> None:
    source = random.Random(7)
    secrets = [
        "".join(source.choices(string.ascii_letters + string.digits + "+/= ", k=20)) for _ in range(50)
    ]
    text = "".join(
        f"{source.random()} {secret} {base64.b64encode(secret.encode()).decode()}\n"
        for secret in secrets
        for _ in range(100)
    )

    masked = redact_said(text, tuple(with_forms(secrets)))

    assert masked.count("***") == 2 * 50 * 100
    assert not [secret for secret in secrets if secret in masked]


@pytest.mark.parametrize("name", ["Authorization", "proxy-authorization", "Cookie", "set-cookie"])
def test_a_header_line_is_masked_as_a_whole_whatever_its_value_looks_like(name: str) -> None:
    text = f"GET / HTTP/1.1\n{name}: plainwords and more\nHost: a.test"

    assert redact_text(text) == f"GET / HTTP/1.1\n{name}: ***\nHost: a.test"
