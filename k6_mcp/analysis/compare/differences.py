"""What differs between two runs beside their figures, and whether figures may be compared in spite of it."""

from collections.abc import Iterator, Sequence

from k6_mcp.models.comparison import Difference
from k6_mcp.models.duration import format_duration
from k6_mcp.models.headline import subject
from k6_mcp.models.plan import Plan, ScenarioPlan
from k6_mcp.models.run import Asked, Run
from k6_mcp.models.wording import count, cut, few, number

_LONGEST = 160
_GENERATED = ("url", "method", "headers", "body", "expected_statuses")


def differences(baseline: Run, candidate: Run) -> tuple[Difference, ...]:
    """Return what was asked differently of the two runs, what forbids a comparison first."""
    found = [
        *_of_test(baseline, candidate),
        *_of_load(baseline.plan, candidate.plan),
        *_of_k6(baseline, candidate),
    ]
    found += _beside(baseline, candidate)
    return tuple(sorted(found, key=lambda difference: not difference.blocking))


def blocking(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return those that forbid to compare figures."""
    return tuple(difference for difference in found if difference.blocking)


def _of_test(baseline: Run, candidate: Run) -> Iterator[Difference]:
    """A generated script holds tags and thresholds too: there the request counts, not the text."""
    first, second = baseline.asked, candidate.asked
    if first.url != second.url:
        yield _difference("target", _target(first), _target(second))
    elif first.url is not None:
        if changed := [name for name in _GENERATED if getattr(first, name) != getattr(second, name)]:
            what = ", ".join(changed)
            yield _difference(what, _values(first, changed), _values(second, changed))
    elif baseline.script_sha256 != candidate.script_sha256:
        yield _difference(
            "script", f"sha256 {baseline.script_sha256[:12]}", f"sha256 {candidate.script_sha256[:12]}"
        )


def _of_load(baseline: Plan | None, candidate: Plan | None) -> Iterator[Difference]:
    if baseline is None or candidate is None:
        if baseline is not candidate:
            yield _difference("load", _load(baseline), _load(candidate))
    elif baseline.scenarios != candidate.scenarios:
        yield _difference("load", _load(baseline), _load(candidate))
    elif baseline.rps != candidate.rps and (
        baseline.peak_rate_per_s is None or _capped(baseline) or _capped(candidate)
    ):
        yield _difference("cap on requests per second", str(baseline.rps), str(candidate.rps), blocks=False)


def _of_k6(baseline: Run, candidate: Run) -> Iterator[Difference]:
    if baseline.k6_version.split(".")[:2] != candidate.k6_version.split(".")[:2]:
        yield _difference("k6 version", baseline.k6_version, candidate.k6_version)


def _beside(baseline: Run, candidate: Run) -> Iterator[Difference]:
    if sorted(baseline.asked.env_names) != sorted(candidate.asked.env_names):
        yield _difference("env", few(baseline.asked.env_names), few(candidate.asked.env_names), blocks=False)
    first, second = _latency_of(baseline), _latency_of(candidate)
    if first and second and first != second:
        yield _difference(
            "latency is that of", first.replace("_", " "), second.replace("_", " "), blocks=False
        )


def _latency_of(run: Run) -> str | None:
    latency = run.metrics.figures.latency if run.metrics else None
    return latency.of if latency else None


def _difference(what: str, baseline: str, candidate: str, *, blocks: bool = True) -> Difference:
    return Difference(
        what=what,
        baseline=cut(baseline, _LONGEST) or "-",
        candidate=cut(candidate, _LONGEST) or "-",
        blocking=blocks,
    )


def _target(asked: Asked) -> str:
    return asked.url or subject(asked, _LONGEST)


def _values(asked: Asked, names: Sequence[str]) -> str:
    return ", ".join(str(getattr(asked, name)) for name in names)


def _capped(plan: Plan) -> bool:
    return plan.rps is not None and plan.peak_rate_per_s is not None and plan.rps < plan.peak_rate_per_s


def _load(plan: Plan | None) -> str:
    return "; ".join(_scenario(scenario) for scenario in plan.scenarios) if plan else "unknown"


def _scenario(scenario: ScenarioPlan) -> str:
    peak = scenario.peak_rate_per_s or scenario.rate_per_s
    parts = (
        f"{scenario.name} {scenario.executor}",
        f"{number(peak)}/s" if peak is not None else "",
        count(scenario.vus, "VU") if scenario.vus is not None else "",
        f"at most {count(scenario.max_vus, 'VU')}"
        if scenario.max_vus is not None and scenario.max_vus != scenario.vus
        else "",
        count(scenario.iterations, "iteration") if scenario.iterations is not None else "",
        format_duration(scenario.duration_s) if scenario.duration_s else "",
        count(len(scenario.stages), "stage") if scenario.stages else "",
    )
    return " ".join(part for part in parts if part)
