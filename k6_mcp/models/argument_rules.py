"""Rules across the arguments of a load test, and the one function that makes a `LoadTest` of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import urlsplit

from pydantic import ValidationError

from k6_mcp.errors import InvalidArguments
from k6_mcp.models.quoting import echoed
from k6_mcp.models.request import LOAD_ARGUMENTS, LoadTest, Slo, Stage

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SOURCES = ("script", "script_file", "url")
_CREDENTIALS = re.compile(r"//.*@", re.DOTALL)
_URL_ONLY = ("preset", "method", "headers", "body")
_INSIDE: Mapping[str, Iterable[str]] = {"slo": Slo.model_fields, "stages": Stage.model_fields}
# Pydantic reads 255 levels of a value, and Python's stack holds about 900.
DEEPEST = 200
_UNFIT = object()
_LONGEST_NAME = 60
Judge = Callable[[LoadTest], Iterable[str]]
_HINT = "correct these arguments and call again; nothing was run"
# These may hold secrets or whole files.
_NEVER_ECHOED = (["headers"], ["env"], ["body"], ["script"])


def nothing_more(_: LoadTest) -> Iterable[str]:
    """Return no reasons: a judge for tests that will not run."""
    return ()


def parse_load_test(
    arguments: Mapping[str, object],
    *,
    beside: Iterable[str] = (),
    also: Sequence[str] = (),
    judge: Judge = nothing_more,
    hint: str = _HINT,
) -> LoadTest:
    """Return the `LoadTest` that `arguments` describe.

    `beside` names further arguments that the caller accepts, and `also` holds the violations in those.
    `judge` returns what else forbids the test, given its well-formed arguments. It is called only if
    something is wrong. `hint` is the next step.

    Raises:
        InvalidArguments: With one sentence for every violation: of shape, across arguments, those in `also`,
        and those that `judge` returns.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    unfit = {name: reason for name, value in given.items() if (reason := _unfit(name) or _unfit(value))}
    well_formed = {name: value for name, value in given.items() if name not in unfit}
    reasons = [
        *_across({**given, **dict.fromkeys(unfit, _UNFIT)}),
        *(f"{name}: {reason}" for name, reason in unfit.items()),
    ]
    try:
        test = LoadTest.model_validate(well_formed)
    except ValidationError as error:
        reasons = [*shape_violations(error, [*LoadTest.model_fields, *beside]), *reasons]
        wrong = {str(item["loc"][0]) for item in error.errors(include_url=False, include_context=False)}
        test = LoadTest.model_validate(
            {name: value for name, value in well_formed.items() if name not in wrong}
        )
    if reasons := [*reasons, *also]:
        raise InvalidArguments(*reasons, *judge(test), hint=hint)
    return test


def shape_violations(error: ValidationError, allowed: Iterable[str]) -> Iterator[str]:
    """Yield one sentence per violation in `error`.

    The sentence about an unknown argument lists the `allowed` ones.
    """
    for item in error.errors(include_url=False, include_context=False):
        loc = [str(part) for part in item["loc"]]
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            known = allowed if len(loc) == 1 else _INSIDE.get(loc[0], ())
            text = "unknown argument" + (f" (allowed: {', '.join(known)})" if known else "")
        elif loc[:1] not in _NEVER_ECHOED and isinstance(item["input"], str | int | float):
            if repr(item["input"]) not in text and (got := echoed(item["input"])) not in text:
                text += f" (got {got})"
        yield f"{_where(loc)}: {text.replace('Input should', 'should', 1)}"


def _where(loc: Sequence[str]) -> str:
    return (
        ".".join(part if len(part) <= _LONGEST_NAME else f"{part[:_LONGEST_NAME]}…" for part in loc)
        or "arguments"
    )


def _across(given: Mapping[str, object]) -> Iterator[str]:
    yield from _source(given)
    yield from _load(given)


def _unfit(value: object) -> str | None:
    """Return why `value` can't be accepted, None if it can.

    JSON can contain text that no file can hold, and can nest deeper than any stack.
    """
    waiting = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        if isinstance(part, str):
            if not _encodable(part):
                return "is not Unicode text (half of a surrogate pair)"
        elif depth > DEEPEST and isinstance(part, Mapping | list | tuple):
            return f"is nested deeper than {DEEPEST} levels; flatten it"
        elif isinstance(part, Mapping):
            waiting.extend(
                (inner, depth + 1) for item in cast(Mapping[object, object], part).items() for inner in item
            )
        elif isinstance(part, list | tuple):
            waiting.extend((inner, depth + 1) for inner in cast(Sequence[object], part))
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _source(given: Mapping[str, object]) -> Iterator[str]:
    sources = [name for name in _SOURCES if name in given]
    if len(sources) != 1:
        got = f"got {' and '.join(sources)}" if sources else "got none of them"
        yield f"give exactly one of script, script_file or url ({got})"
    if "url" not in given and (url_only := [name for name in _URL_ONLY if given.get(name)]):
        yield f"{', '.join(url_only)}: only with url; a script sets these itself"
    if isinstance(url := given.get("url"), str):
        yield from _url(url)
    if isinstance(script := given.get("script"), str) and not script.strip():
        yield "script: is empty"
    if "body" in given and str(given.get("method", "GET")).upper() in ("GET", "HEAD"):
        yield (
            f"body: not allowed with method {str(given.get('method', 'GET')).upper()};"
            " use POST, PUT, PATCH, DELETE or OPTIONS"
        )


def _url(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        # The words of this error quote the text in place of the port, often the rest of a password.
        yield (
            f"url: {_shown(url)!r} has no valid host or port (1 to 65535); write it as http://host:port/path,"
            " and / ? # in a password as %2F %3F %23"
        )
        return
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not port_ok
        or any(c.isspace() or ord(c) < 32 or ord(c) == 127 for c in url)
    ):
        yield f"url: {_shown(url)!r} is not an http(s) URL with a host; write it as http://host:port/path"
    if escape := _BAD_ESCAPE.search(url):
        yield (
            f"url: {url[escape.start() : escape.start() + 3]!r} is not a valid escape (% and two hexadecimal"
            " digits); write a percent sign as %25"
        )


def _shown(url: str) -> str:
    """Return the beginning of a malformed URL, without what may be credentials in it."""
    address, mark, _ = _CREDENTIALS.sub("//***@", url).partition("?")
    return (address + (mark and "?***"))[:80]


def _load(given: Mapping[str, object]) -> Iterator[str]:
    has = given.keys() & {*LOAD_ARGUMENTS}
    if "stages" in has and len(has) > 1:
        yield (
            f"stages: can't be combined with {', '.join(sorted(has - {'stages'}))};"
            " the stages are the whole load"
        )
    if {"duration", "iterations"} <= has:
        yield "duration and iterations: give only one; iterations end the test when they are done"
    if {"rate_per_s", "iterations"} <= has:
        yield "rate_per_s and iterations: give only one"
    if "rate_per_s" in has and not has & {"duration", "iterations", "stages"} and "url" not in given:
        yield "rate_per_s: needs duration"
    if "vus" in has and not has - {"vus"}:
        yield "vus: needs duration or iterations"
    vus, iterations = given.get("vus"), given.get("iterations")
    if isinstance(vus, int) and isinstance(iterations, int) and vus > iterations > 0:
        yield f"vus: {vus} is more than iterations {iterations}; k6 needs at least one iteration per VU"
