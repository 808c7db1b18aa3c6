import pytest

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.request import LoadTest


def _reasons(**arguments: object) -> list[str]:
    with pytest.raises(InvalidArguments) as raised:
        parse_load_test(arguments)
    return list(raised.value.reasons)


def test_every_violation_of_shape_and_across_arguments_comes_at_once() -> None:
    reasons = _reasons(
        url="htp://x", vus=-1, duration="abc", bogus=1, stages=[{"duration": "1s", "target": -2}]
    )
    assert len(reasons) == 6
    for word in (
        "vus:",
        "duration:",
        "stages.0.target:",
        "bogus: unknown argument (allowed: script,",
        "url:",
        "stages: can't be combined",
    ):
        assert any(reason.startswith(word) for reason in reasons), word


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "give exactly one of script, script_file or url (got none of them)"),
        (
            {"script": "x", "url": "http://a"},
            "give exactly one of script, script_file or url (got script and url)",
        ),
        ({"script": " "}, "script: is empty"),
        ({"script": "x", "preset": "low"}, "preset: only with url; a script sets these itself"),
        (
            {"url": "http://a", "body": "x"},
            "body: not allowed with method GET; use POST, PUT, PATCH, DELETE or OPTIONS",
        ),
        (
            {"url": "http://"},
            "url: 'http://' is not an http(s) URL with a host; write it as http://host:port/path",
        ),
        (
            {"url": "http://a/?q=100%&r=%ZZ"},
            "url: '%&r' is not a valid escape (% and two hexadecimal digits); write a percent sign as %25",
        ),
        ({"url": "http://a:99999/"}, "url: 'http://a:99999/' has no valid host or port (1 to 65535)"),
        (
            {"url": "http://a", "duration": "1s", "iterations": 1},
            "duration and iterations: give only one; iterations end the test when they are done",
        ),
        ({"script": "x", "vus": 3}, "vus: needs duration or iterations"),
        ({"url": "http://a", "preset": "low", "vus": 1}, "vus: needs duration or iterations"),
        ({"script": "x", "rate_per_s": 3}, "rate_per_s: needs duration"),
        (
            {"url": "http://a", "vus": 9, "iterations": 3},
            "vus: 9 is more than iterations 3; k6 needs at least one iteration per VU",
        ),
        ({"url": "http://a", "duration": "0s"}, "duration: '0s' is not above zero"),
        (
            {"url": "http://a", "duration": "9" * 400 + "s"},
            f"duration: '{'9' * 40}' is longer than k6 can count (292 years)",
        ),
        (
            {"url": "http://a", "tags": {"short": "x" * 200, "long": "x" * 201}},
            "tags: a value can have at most 200 characters, but 'long' has 201",
        ),
        ({"url": "http://a", "tags": {"x" * 65: "y"}}, f"tags: not a valid tag name: '{'x' * 40}'"),
        ({"url": "http://a", "vus": True}, "vus: should be a number, not true"),
        ({"url": "http://a", "repeat": False}, "repeat: should be a number, not false"),
        (
            {"url": "http://a", "stages": [{"duration": "1s", "target": True}]},
            "stages.0.target: should be a number, not true",
        ),
        (
            {"url": "http://a", "iterations": 10**19},
            "iterations: is more than k6 can count (got '10000000000000000000')",
        ),
        (
            {"url": "http://a", "iterations": 10**400},
            f"iterations: is more than k6 can count (got '1{'0' * 59}')",
        ),
        (
            {"url": "http://a", "slo": {"p95": 3}},
            (
                "slo.p95: unknown argument (allowed: avg_ms, p95_ms, p99_ms, error_rate, availability,"
                " min_rate_per_s)"
            ),
        ),
        (
            {"url": "http://a", "stages": [{"duration": "1s", "target": 1, "vus": 3}]},
            "stages.0.vus: unknown argument (allowed: duration, target)",
        ),
        ({"url": "http://a", "rate_per_s": 1e308}, "rate_per_s: 1e+308 per second is more than k6 can start"),
        (
            {"url": "http://a", "duration": "30"},
            "duration: '30' is not a duration: use a number with a unit, as in 500ms, 30s, 1m30s, 1h",
        ),
        (
            {"url": "http://a", "env": {"K6_VUS": "1"}},
            (
                "env: K6_VUS would have no effect, because env sets only what the script reads as __ENV.NAME:"
                " use the arguments"
            ),
        ),
        ({"url": "http://a", "headers": {"a b": "1"}}, "headers: not a valid header name: 'a b'"),
        (
            {"url": "http://a", "headers": {"a": "1\r\nb: 2"}},
            "headers: the value of a contains a line break or NUL byte",
        ),
        (
            {"url": "http://a", "expected_statuses": ["299-200"]},
            "expected_statuses.0: '299-200' is an empty range: the first status is above the last",
        ),
        (
            {"url": "http://a", "method": "PUT", "body": {"a": ["\ud800"]}},
            "body: is not Unicode text (half of a surrogate pair)",
        ),
        ({"url": "http://a/\0"}, "url: 'http://a/\\x00' is not an http(s) URL"),
        (
            {"url": "http://a", "slo": {"error_rate": float("nan")}},
            "slo.error_rate: should be a finite number",
        ),
    ],
)
def test_a_wrong_argument_is_named_with_its_limit(arguments: dict[str, object], reason: str) -> None:
    assert any(text.startswith(reason) for text in _reasons(**arguments)), _reasons(**arguments)


def test_all_that_is_wrong_with_the_names_of_an_argument_is_told_at_once() -> None:
    (reason,) = _reasons(url="http://a", env={"a b": "1", "K6_VUS": "2", "HTTP_PROXY": "3"})
    assert (
        reason
        == "env: not a valid environment variable name: 'a b'; use letters, digits and _; K6_VUS, HTTP_PROXY"
        " would have no effect, because env sets only what the script reads as __ENV.NAME: use the"
        " arguments of this tool or the script's options, or choose another name"
    )
    (reason,) = _reasons(url="http://a", tags={"a b": "1", "password": "2", "long": "x" * 201})
    assert all(
        words in reason
        for words in ("'a b'; use a letter or _", "'password': tags are stored", "'long' has 201")
    )


@pytest.mark.parametrize(
    "arguments", [{"duration": "1 minute"}, {"duration": "soon!"}, {"expected_statuses": ["teapot"]}]
)
def test_an_error_says_once_what_was_given(arguments: dict[str, object]) -> None:
    (reason,) = _reasons(url="http://a", **arguments)

    assert reason.count("a text of") == 1 and "(got" not in reason


def test_values_that_may_be_secret_are_never_echoed() -> None:
    assert "hunter2" not in " ".join(
        _reasons(url="http://a", headers={"Authorization": ["hunter2"]}, env={"PW": {"x": "hunter2"}})
    )


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            {"vus": "hush-hush-42"},
            {"duration": "hush-hush-42"},
            {"iterations": "hush-hush-42"},
            {"rate_per_s": "hush-hush-42"},
        ),
        *(
            {"preset": "hush-hush-42"},
            {"method": "hush-hush-42"},
            {"repeat": "hush-hush-42"},
            {"override_load": "hush-hush-42"},
        ),
        *({"stages": [{"duration": "hush-hush-42", "target": "hush-hush-42"}]}, {"stages": "hush-hush-42"}),
        *(
            {"expected_statuses": ["hush-hush-42"]},
            {"slo": {"p95_ms": "hush-hush-42"}},
            {"slo": "hush-hush-42"},
        ),
        *(
            {"thresholds": "hush-hush-42"},
            {"tags": "hush-hush-42"},
            {"script_file": "hush-hush-42"},
            {"url": "hush://hush-hush-42@x"},
        ),
        {"tags": {"a": 5, "token": "hush-hush-42"}},
    ],
)
def test_a_secret_that_has_slipped_into_another_argument_is_not_echoed(arguments: dict[str, object]) -> None:
    reasons = " ".join(_reasons(**{"url": "http://127.0.0.1:1/", **arguments}))

    assert "hush-hush" not in reasons and len(reasons) < 1000


def test_a_figure_that_is_wrong_is_echoed_and_a_name_that_is_too_long_is_cut() -> None:
    assert _reasons(url="http://a", vus="1.5", duration="1s")[0].endswith("(got '1.5')")
    (reason,) = _reasons(url="http://a", **{"x" * 5000: 1})
    assert reason.startswith(f"{'x' * 60}…: unknown argument")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"tags": {"token": "x"}}, "tags: 'token': tags are stored and shown"),
        (
            {"tags": {"build": "1", "Authorization": "x", "api_key": "y"}},
            "tags: 'Authorization', 'api_key': tags are stored",
        ),
        (
            {"tags": {"who": "Bearer abc12345"}},
            "tags: the value of 'who' looks like a credential: tags are stored",
        ),
        ({"tags": {"at": "http://ada:hunter2@host/"}}, "tags: the value of 'at' looks like a credential"),
        (
            {"thresholds": {"http_reqs{token:abc}": ["count>1"]}},
            "thresholds: the tag 'token': tags are stored",
        ),
        (
            {"thresholds": {'http_reqs{name:a, "password":"x"}': ["count>1"]}},
            "thresholds: the tag 'password': tags are stored",
        ),
        (
            {"thresholds": {"http_reqs{who:Bearer abc12345}": ["count>1"]}},
            "thresholds: the tag 'who': tags are stored",
        ),
    ],
)
def test_a_tag_that_would_show_a_secret_with_every_figure_is_refused(
    arguments: dict[str, object], named: str
) -> None:
    (reason,) = _reasons(url="http://a", vus=1, iterations=1, **arguments)

    assert reason.startswith(named) and "pass the secret in env" in reason


def test_tags_that_only_tell_of_secrets_are_taken() -> None:
    tags = {"token_type": "jwt", "build": "42", "cookie_name": "sid", "plan": "basic monthly"}
    thresholds = {
        "http_req_duration{name:GET http://h/token}": ["p(95)<5"],
        "checks{group:::login}": ["rate>0.9"],
    }

    assert parse_load_test({"url": "http://a", "tags": tags, "thresholds": thresholds}).tags == tags


def test_convenient_forms_are_accepted() -> None:
    test = parse_load_test(
        {
            "url": "http://a",
            "method": "post",
            "expected_statuses": [200, "4XX"],
            "thresholds": {"http_reqs": "count>1"},
        }
    )
    assert (test.method, test.expected_statuses, test.thresholds) == (
        "POST",
        ["200", "4xx"],
        {"http_reqs": ["count>1"]},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"nope": 1},
        {"rate_per_s": -1},
        {"name": "\ud800"},
        {"slo": {"p95_s": 1}},
        {"url": "http://127.0.0.1:1/", "script": "x"},
    ],
)
def test_what_is_well_formed_is_judged_although_another_argument_is_wrong(wrong: dict[str, object]) -> None:
    judged: list[LoadTest] = []

    def judge(test: LoadTest) -> list[str]:
        judged.append(test)
        return ["vus: too many here"]

    with pytest.raises(InvalidArguments) as caught:
        parse_load_test({"url": "http://127.0.0.1:1/", "vus": 5000, "duration": "2h", **wrong}, judge=judge)

    assert [(test.vus, test.duration) for test in judged] == [(5000, "2h")]
    assert len(caught.value.reasons) == 2
    assert caught.value.reasons[-1] == "vus: too many here"


def test_arguments_that_are_right_are_not_judged_here() -> None:
    def judge(_: LoadTest) -> list[str]:
        raise AssertionError("whether it is allowed is asked when the test is started")

    assert (
        parse_load_test({"url": "http://127.0.0.1:1/", "vus": 5000, "duration": "2h"}, judge=judge).vus
        == 5000
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://u:hush@a b/",
        "http://u:hush/x@a/",
        "http://u:a?hush@a b",
        "http://u:hush@/x",
        "ftp://u:hush@a",
        "http://a b/?token=hush",
    ],
)
def test_an_unusable_url_is_shown_without_its_credentials(url: str) -> None:
    (reason,) = _reasons(url=url)
    assert reason.startswith("url: '") and "hush" not in reason
