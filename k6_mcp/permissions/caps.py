"""What this server allows.

The request is checked first, then k6's own plan of the script, which may contain more than the request.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from k6_mcp.errors import InvalidArguments, LimitExceeded
from k6_mcp.models.duration import format_duration, parse_duration_s
from k6_mcp.models.plan import Plan
from k6_mcp.models.request import LOAD_ARGUMENTS, LoadTest
from k6_mcp.settings import Limits
from k6_mcp.threads import LARGE

_MAX_VUS = "K6_MCP_MAX_VUS"
_MAX_DURATION = "K6_MCP_MAX_DURATION"
_MAX_RPS = "K6_MCP_MAX_RPS"
_MAX_SCRIPT_BYTES = "K6_MCP_MAX_SCRIPT_BYTES"
# k6's own maxDuration of scenarios that count iterations.
_DEFAULT_MAX_DURATION_S = 600.0
_HINT = "lower these values, or raise the named settings in the server's environment; nothing was run"
_FEW = 100
_COLLECTIONS = ("headers", "thresholds", "env", "expected_statuses")


class _Excess(NamedTuple):
    """One violated limit: the setting that raises it, and the sentence about it."""

    setting: str
    text: str


def check(test: LoadTest, limits: Limits, plan: Plan | None = None) -> None:
    """Check the request itself and, if there is one, the `plan` of what k6 would do.

    Raises:
        InvalidArguments: If load arguments are given with a script that declares its own scenarios, without
        `override_load`.
        LimitExceeded: With every limit that is violated.
    """
    excesses = tuple(excess.text for excess in _excesses(test, plan, limits))
    if plan is not None and (conflict := _conflict(test, plan)):
        hint = "omit the load arguments to run what the script declares, or set override_load to replace it"
        raise InvalidArguments(conflict, *excesses, hint=hint)
    if excesses:
        raise LimitExceeded(*excesses, hint=_HINT)


def violations(test: LoadTest, limits: Limits, plan: Plan | None = None) -> tuple[str, ...]:
    """Return every reason why `check` would refuse the test."""
    try:
        check(test, limits, plan)
    except (InvalidArguments, LimitExceeded) as refusal:
        return tuple(refusal.reasons)
    return ()


def _excesses(test: LoadTest, plan: Plan | None, limits: Limits) -> Iterator[_Excess]:
    """Yield each violated limit once: the plan does not repeat the limits of the request."""
    named: set[str] = set()
    for excess in _of_request(test, limits):
        named.add(excess.setting)
        yield excess
    if plan is not None:
        yield from (e for e in _of_plan(plan, limits, test.repeat) if e.setting not in named)


def _of_request(test: LoadTest, limits: Limits) -> Iterator[_Excess]:
    if test.vus is not None and test.vus > limits.max_vus:
        yield _vus("vus:", test.vus, limits)
    targets = [stage.target for stage in test.stages or ()]
    if targets and max(targets) > limits.max_vus:
        yield _vus("stages: target", max(targets), limits)
    repeated = f"{test.repeat} repeats of " if test.repeat > 1 else ""
    stages_s = test.repeat * sum(parse_duration_s(stage.duration) for stage in test.stages or ())
    if stages_s > limits.max_duration_s:
        yield _duration(f"{repeated}stages: a total of", stages_s, limits)
    if (
        test.duration is not None
        and (duration_s := test.repeat * parse_duration_s(test.duration)) > limits.max_duration_s
    ):
        yield _duration(
            f"{repeated}duration {test.duration}: a total of" if repeated else "duration:",
            duration_s,
            limits,
        )
    if test.rate_per_s is not None and test.rate_per_s > limits.max_rps:
        yield _rate("rate_per_s:", test.rate_per_s, limits)
    yield from _size(test, limits)


def _of_plan(plan: Plan, limits: Limits, repeat: int) -> Iterator[_Excess]:
    if plan.max_vus > limits.max_vus:
        yield _vus(
            "the plan: a VU peak of", plan.max_vus, limits, "; with rate_per_s, vus sets the pool size"
        )
    for scenario in plan.scenarios:
        # k6 gives scenarios that count iterations ten minutes, which nobody requested. They end when their
        # iterations are done, or at the server's timeout.
        counted = "iterations" in scenario.executor
        most_s = max(limits.max_duration_s, _DEFAULT_MAX_DURATION_S) if counted else limits.max_duration_s
        ends_s = (1 if counted else repeat) * (scenario.start_s + (scenario.duration_s or 0.0))
        if ends_s > most_s:
            name = repr(scenario.name[:80])
            what = (
                f"{repeat} repeats of scenario {name}: a total of"
                if repeat > 1 and not counted
                else f"scenario {name} with load until"
            )
            yield _duration(f"the plan: {what}", ends_s, limits)
            break
    if plan.peak_rate_per_s is not None and plan.peak_rate_per_s > limits.max_rps:
        yield _rate("the plan: a peak rate of", plan.peak_rate_per_s, limits)


def may_be_large(test: LoadTest) -> bool:
    """Return whether checking the arguments may take long, without looking at all of them."""
    texts = (test.script, test.url, test.body)
    entries = sum(len(getattr(test, name) or ()) for name in _COLLECTIONS)
    values = (
        (*test.headers.values(), *test.env.values(), *test.thresholds.values()) if entries <= _FEW else ()
    )
    long_values = sum(map(len, values)) > LARGE
    long_texts = sum(len(text) for text in texts if isinstance(text, str)) > LARGE
    return (
        entries > _FEW
        or long_values
        or long_texts
        or test.script_file is not None
        or isinstance(test.body, list | dict)
    )


def _sizes(test: LoadTest, limits: Limits) -> Mapping[str, int]:
    collections = {name: getattr(test, name) for name in _COLLECTIONS}
    return {
        "script": len(test.script.encode()) if test.script is not None else 0,
        "script_file": (
            _file_bytes(test.script_file, limits.script_dirs) if test.script_file is not None else 0
        ),
        "body": len(json.dumps(test.body)) if test.body is not None else 0,
        "url": len(test.url) if test.url is not None else 0,
        **{name: len(json.dumps(value)) for name, value in collections.items() if value},
    }


def _size(test: LoadTest, limits: Limits) -> Iterator[_Excess]:
    for argument, size in _sizes(test, limits).items():
        if size > limits.max_script_bytes:
            yield _Excess(
                _MAX_SCRIPT_BYTES,
                f"{argument}: {size} bytes exceeds this server's limit of {limits.max_script_bytes}"
                f" ({_MAX_SCRIPT_BYTES})",
            )


def _file_bytes(given: str, script_dirs: Sequence[Path]) -> int:
    """Return the size of a script file, 0 if it will not be read, so that nothing is revealed about it."""
    try:
        path = Path(given).expanduser().resolve()
        if script_dirs and not any(path.is_relative_to(folder.resolve()) for folder in script_dirs):
            return 0
        return path.stat().st_size
    except (OSError, ValueError, RuntimeError):
        # The code that reads the file reports what is wrong with it.
        return 0


def _vus(what: str, vus: int, limits: Limits, more: str = "") -> _Excess:
    return _Excess(
        _MAX_VUS, f"{what} {vus} exceeds this server's limit of {limits.max_vus} ({_MAX_VUS}){more}"
    )


def _duration(what: str, seconds: float, limits: Limits) -> _Excess:
    limit = format_duration(limits.max_duration_s)
    return _Excess(
        _MAX_DURATION,
        f"{what} {format_duration(seconds)} exceeds this server's limit of {limit} ({_MAX_DURATION})",
    )


def _rate(what: str, rate_per_s: float, limits: Limits) -> _Excess:
    return _Excess(
        _MAX_RPS,
        f"{what} {rate_per_s:g} per second exceeds this server's limit of {limits.max_rps} ({_MAX_RPS})",
    )


def _conflict(test: LoadTest, plan: Plan) -> str | None:
    """Return why load arguments that would silently replace a script's own scenarios are refused."""
    given = [name for name in LOAD_ARGUMENTS if getattr(test, name) is not None]
    declares = "; ".join(item for item in plan.declared if item.startswith("scenarios "))
    if not given or not declares or test.override_load or test.url is not None:
        return None
    return f"{', '.join(given)}: the script declares its own {declares}, which load arguments do not change"
