"""The largest inputs, made to be slow: the work on them grows with their size, not its square."""

import time
from collections.abc import Callable

import pytest

from k6_mcp.redaction import credentials_in, mask_known, redact_said, redact_url
from k6_mcp.runners.logs import LogReader
from k6_mcp.scripts.endpoints import endpoints
from k6_mcp.scripts.javascript import text_literal
from lab import hostile_inputs

pytestmark = pytest.mark.slow

_SIZE = 12_500
# Four times the size is four times the work, or sixteen times if it grows with the square.
_TIMES, _AT_MOST = 4, 9
# CPU times below this, in s, are too short to compare.
_NOTHING_S = 0.02
_TRIES = 3
_WORST = (
    *(
        "escaped quotes",
        "escaped double quotes",
        "a sum of literals",
        "literals with or",
        "literals in parentheses",
    ),
    *(
        "open classes of a regex",
        "classes of a regex",
        "templates in templates",
        "a long constant",
        "many constants",
    ),
    *(
        "JWT beginnings with dashes",
        "question marks",
        "names of secrets",
        "open secrets",
        "bare secrets",
        "bidi characters",
    ),
)
_SECRETS = ("p&ss w/rd", "\"'\"'", "\\x\\", "opensesame1")


def _read_log(text: str) -> None:
    reader = LogReader(lambda _: None, _SECRETS)
    reader.feed(text.encode("utf-8", "replace"))
    reader.close()


_WORK: tuple[Callable[[str], object], ...] = (
    lambda text: redact_said(f"{text} token", _SECRETS),
    lambda text: redact_url(f"http://h/?{text}"),
    credentials_in,
    lambda text: endpoints(text, {"A"}),
    text_literal,
    _read_log,
)


@pytest.mark.parametrize("name", _WORST)
def test_the_work_on_a_hostile_text_grows_only_with_its_size(name: str) -> None:
    small, large = (hostile_inputs.texts(size)[name] for size in (_SIZE, _TIMES * _SIZE))

    assert [work for work in _WORK if not _grows_with_size(work, small, large)] == []


def _grows_with_size(work: Callable[[str], object], small: str, large: str) -> bool:
    """Compare the CPU time of this thread; other work on the machine may disturb one of the tries."""
    return any(_cpu_s(work, large) <= _AT_MOST * _cpu_s(work, small) + _NOTHING_S for _ in range(_TRIES))


def _cpu_s(work: Callable[[str], object], text: str) -> float:
    started = time.thread_time()
    work(text)
    return time.thread_time() - started


def test_thousands_of_known_secrets_are_found_as_reliably_as_a_few() -> None:
    many = [f"secret-{number:05d}" for number in range(20_000)]
    text = f"{many[0]} {many[-1]} a secret-9999x \\u0022quoted\\u0022"

    assert mask_known(text, [*many, '"quoted"']) == "*** *** a secret-9999x ***"


def test_a_long_secret_is_masked_however_it_is_escaped() -> None:
    secret = "\"'/ü" * 10_000

    assert mask_known(f"a {secret} b", [secret]) == "a *** b"
    assert mask_known("a " + secret.replace('"', '\\"').replace("ü", "%c3%BC") + " b", [secret]) == "a *** b"
    assert mask_known(f"a {secret[:-1]} b", [secret]).startswith("a ***")


def test_a_percent_sign_in_a_secret_is_masked_plain_and_url_encoded() -> None:
    assert mask_known("a p%25q b p%2525q c p%252525q", ["p%25q"]) == "a *** b *** c ***"


@pytest.mark.parametrize("spelling", ['\\"', "%22", "\\u0022", "&quot;", "%2522"])
def test_a_near_miss_of_a_secret_of_signs_causes_no_backtracking(spelling: str) -> None:
    secret = '"+' * 40

    assert mask_known(f"{(spelling + '+') * 39}{spelling}!", [secret]).endswith("!")
    assert mask_known((spelling + "+") * 40, [secret]) == "***"
