"""What a caller requests: `LoadTest`, the input of every run.

This module checks shape only. `permissions` decides what this server allows, and `argument_rules` holds the
rules across arguments.
"""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from k6_mcp.models.base import Model
from k6_mcp.models.duration import parse_duration_s
from k6_mcp.models.quoting import echoed
from k6_mcp.redaction import names_secret, redact_said

Preset = Literal["low", "medium", "high"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

SCRIPT_ENDINGS = (".js", ".mjs", ".cjs", ".ts")
"""The endings of script names. k6 reads only .ts as TypeScript, and everything else as JavaScript."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_TAG_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
# In characters of a value.
_LONGEST_TAG = 200
_THRESHOLD_TAG = re.compile(r"([^,:}]{1,200})(?::([^,}]{0,200}))?")
_KEPT_AND_SHOWN = (
    "tags are stored and shown with every figure, so they must not hold secrets; rename it, or pass the"
    " secret in env"
)
# A token of RFC 9110, section 5.6.2.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_STATUSES = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?\Z|([1-5])xx\Z")
# Callers who send these want to configure k6 or Go, but `env` reaches only the script.
_WITHOUT_EFFECT = re.compile(
    r"(K6_.*|(?:https?|all|no)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|SSLKEYLOGFILE|GO(?:DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK))\Z",
    re.IGNORECASE,
)


def is_script_name(name: str) -> bool:
    """Return whether a file of this name may be a script; no other file is ever read as one."""
    return name.lower().endswith(SCRIPT_ENDINGS)


def _script_file(path: str) -> str:
    if not is_script_name(path):
        raise ValueError(f"the name of a k6 script ends in {', '.join(SCRIPT_ENDINGS)}")
    return path


def _duration(text: str) -> str:
    parse_duration_s(text)
    return text


def _startable(rate_per_s: float | None) -> float | None:
    # k6 can start at most one iteration per nanosecond.
    if rate_per_s is not None and rate_per_s > 1e9:
        raise ValueError(f"{rate_per_s:g} per second is more than k6 can start")
    return rate_per_s


def _countable(iterations: int | None) -> int | None:
    # The largest integer that JavaScript counts exactly.
    if iterations is not None and iterations > 2**53 - 1:
        raise ValueError("is more than k6 can count")
    return iterations


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"should be a number, not {str(value).lower()}")
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _statuses(value: object) -> object:
    text = str(value).lower()
    match = _STATUSES.match(text)
    if not match:
        raise ValueError(f"{echoed(text)} is not an HTTP status: use 200, '200-299' or '2xx'")
    low, high, _ = match.groups()
    if low and high and int(low) > int(high):
        raise ValueError(f"{text[:40]!r} is an empty range: the first status is above the last")
    return text


def _tags(value: dict[str, str]) -> Iterator[str]:
    if secret := [name for name in value if names_secret(name)]:
        yield f"{_few_names(secret)}: {_KEPT_AND_SHOWN}"
    if secret := [name for name, text in value.items() if _holds_credential(text)]:
        yield f"the value of {_few_names(secret)} looks like a credential: {_KEPT_AND_SHOWN}"
    if long := [f"{name[:40]!r} has {len(text)}" for name, text in value.items() if len(text) > _LONGEST_TAG]:
        yield f"a value can have at most {_LONGEST_TAG} characters, but {', '.join(long[:5])}"


def _thresholds(value: dict[str, list[str]]) -> dict[str, list[str]]:
    tags = [tag for metric in value for tag in _THRESHOLD_TAG.findall(metric.partition("{")[2])]
    if secret := [name.strip("\"' ") for name, text in tags if names_secret(name) or _holds_credential(text)]:
        raise ValueError(f"the tag {_few_names(secret)}: {_KEPT_AND_SHOWN}")
    return value


def _holds_credential(text: str) -> bool:
    return redact_said(text) != text and any(char.isdigit() for char in text)


def _few_names(names: list[str]) -> str:
    return ", ".join(repr(name[:40]) for name in names[:5])


def _every(*rules: Callable[[dict[str, str]], Iterator[str]]) -> AfterValidator:
    """Return a validator that reports all violations of `rules` at once."""

    def check(value: dict[str, str]) -> dict[str, str]:
        if reasons := [reason for rule in rules for reason in rule(value)]:
            raise ValueError("; ".join(reasons))
        return value

    return AfterValidator(check)


def _names(pattern: re.Pattern[str], what: str, of: str) -> Callable[[dict[str, str]], Iterator[str]]:
    def check(value: dict[str, str]) -> Iterator[str]:
        if wrong := [name for name in value if not pattern.match(name)]:
            yield f"not a valid {what} name: {_few_names(wrong)}; use {of}"

    return check


def _env(value: dict[str, str]) -> Iterator[str]:
    if wrong := [name for name in value if _WITHOUT_EFFECT.match(name)]:
        yield (
            f"{', '.join(wrong)} would have no effect, because env sets only what the script reads as"
            " __ENV.NAME: use the arguments of this tool or the script's options, or choose another name"
        )


def _headers(value: dict[str, str]) -> Iterator[str]:
    if wrong := [name for name, text in value.items() if re.search(r"[\r\n\0]", text)]:
        yield f"the value of {', '.join(wrong)} contains a line break or NUL byte"


Duration = Annotated[str, AfterValidator(_duration), Field(description="k6 duration: 500ms, 30s, 1m30s, 1h")]
StatusSet = Annotated[str, BeforeValidator(_statuses)]


class Stage(Model):
    """One step of a ramp: reach `target` VUs within `duration`, linearly from where the last stage ended."""

    duration: Duration
    target: Annotated[
        int, Field(ge=0, description="VUs at the end of this stage"), BeforeValidator(_no_truth)
    ]


class Slo(Model):
    """Service level objectives, turned into k6 thresholds; rates are fractions from 0 to 1."""

    avg_ms: Annotated[float | None, Field(gt=0, description="http_req_duration avg<=")] = None
    p95_ms: Annotated[float | None, Field(gt=0, description="http_req_duration p(95)<=")] = None
    p99_ms: Annotated[float | None, Field(gt=0, description="http_req_duration p(99)<=")] = None
    error_rate: Annotated[
        float | None, Field(ge=0, le=1, description="share of failed requests, http_req_failed rate<=")
    ] = None
    availability: Annotated[
        float | None, Field(ge=0, le=1, description="share of successful requests, e.g. 0.999")
    ] = None
    min_rate_per_s: Annotated[float | None, Field(gt=0, description="http_reqs rate>=")] = None


class _Load:
    """The mark of arguments that describe the load."""


_LOAD = _Load()


class LoadTest(Model):
    """A load test as requested.

    It has exactly one source (`script`, `script_file` or `url`), an optional load, and criteria.
    """

    script: Annotated[str | None, Field(description="k6 script text (JavaScript ES module)")] = None
    script_file: Annotated[
        Annotated[str, AfterValidator(_script_file)] | None,
        Field(
            description=(
                "path of a k6 script (.js, .ts) on the server's machine; its relative imports and open() work"
            )
        ),
    ] = None
    url: Annotated[str | None, Field(description="http(s) URL to load with a generated script")] = None
    preset: Annotated[
        Preset | None,
        Field(
            description=(
                "with url: low (5 req/s), medium (50 req/s), high (500 req/s), 30 s, SLO avg<=2s p95<=5s"
                " errors<=1%; default low"
            )
        ),
    ] = None
    method: Annotated[Method, BeforeValidator(_upper), Field(description="with url; default GET")] = "GET"
    headers: Annotated[
        dict[str, str],
        _every(_names(_HEADER_NAME, "header", "letters, digits and -"), _headers),
        Field(description="with url"),
    ] = {}
    body: Annotated[
        JsonValue, Field(description="with url: text, or a JSON value (sent as application/json)")
    ] = None
    vus: Annotated[
        int | None,
        Field(ge=1, description="virtual users; with duration or iterations"),
        _LOAD,
        BeforeValidator(_no_truth),
    ] = None
    duration: Annotated[
        Duration | None,
        Field(description="e.g. 30s, 1m30s; with vus or rate_per_s; alone, it changes a preset's length"),
        _LOAD,
    ] = None
    iterations: Annotated[
        int | None,
        Field(ge=1, description="total iterations, shared by the vus"),
        _LOAD,
        BeforeValidator(_no_truth),
        AfterValidator(_countable),
    ] = None
    stages: Annotated[
        list[Stage] | None, Field(min_length=1, max_length=100, description="ramp of VUs"), _LOAD
    ] = None
    rate_per_s: Annotated[
        float | None,
        Field(
            gt=0,
            description=("open model: iterations started per second, regardless of latency; with duration"),
        ),
        _LOAD,
        BeforeValidator(_no_truth),
        AfterValidator(_startable),
    ] = None
    thresholds: Annotated[
        dict[
            str,
            Annotated[
                list[Annotated[str, Field(min_length=1)]], BeforeValidator(_one_or_many), Field(min_length=1)
            ],
        ],
        AfterValidator(_thresholds),
        Field(
            description=(
                'metric -> k6 expressions, e.g. {"http_req_duration": ["p(95)<500"]}; added to the'
                " script's own"
            )
        ),
    ] = {}
    slo: Annotated[Slo | None, Field(description="objectives turned into thresholds")] = None
    expected_statuses: Annotated[
        list[StatusSet] | None,
        Field(
            min_length=1,
            description="HTTP statuses that are not failures: 200, '200-299', '4xx'; default 200-399",
        ),
    ] = None
    env: Annotated[
        dict[str, str],
        _every(_names(_ENV_NAME, "environment variable", "letters, digits and _"), _env),
        Field(description="read in the script as __ENV.NAME; values are never stored"),
    ] = {}
    tags: Annotated[
        dict[str, str],
        _every(_names(_TAG_NAME, "tag", "a letter or _ and up to 63 letters, digits, _, . and -"), _tags),
        Field(max_length=20, description="stored with the run; get_history filters by them"),
    ] = {}
    name: Annotated[
        str | None,
        Field(min_length=1, max_length=120, description="name of the test; use one name for runs to compare"),
    ] = None
    override_load: Annotated[
        bool, Field(description="let load arguments replace the script's own scenarios")
    ] = False
    repeat: Annotated[
        int,
        Field(
            ge=1,
            le=10,
            description="consecutive runs of this test, 1 to 10, default 1; use 3 for reliable comparisons",
        ),
        BeforeValidator(_no_truth),
    ] = 1


LOAD_ARGUMENTS: tuple[str, ...] = tuple(
    name for name, field in LoadTest.model_fields.items() if _LOAD in field.metadata
)
"""The arguments that describe the load."""
