"""Comparisons and baselines as answers to an agent: the result and what to call next."""

from k6_mcp.answers.budget import Json, as_json
from k6_mcp.models.comparison import STILL, Baseline, Comparison

# With three repeats on each side a comparison sees changes that one run hides in its noise
_ENOUGH_REPEATS = 3


def comparison_answer(comparison: Comparison) -> Json:
    """Return a comparison with the next step.

    The sentence comes first, because some clients show only the beginning.
    """
    answer = as_json(comparison)
    first: Json = {
        "change": answer.pop("change"),
        "sentence": answer.pop("sentence"),
        "next": _next(comparison),
    }
    return {**first, **answer}


def baseline_answer(baseline: Baseline) -> Json:
    """Return a baseline with the next step."""
    return {
        **as_json(baseline),
        "next": "compare_runs with this name as baseline compares the latest run of the test with it",
    }


def _next(comparison: Comparison) -> str:
    candidate = comparison.candidate[0]
    if unended := _unended(comparison):
        return (
            f'get_run with run_id="{unended}" and wait_s=45, again until the status is final, then'
            " compare_runs"
        )
    if not comparison.metrics:
        return (
            "run the baseline's test again exactly as it was (get_run with detail=script shows it), then"
            " compare_runs"
        )
    if comparison.change == "regressed":
        return f'analyze_run with run_id="{candidate}" says what is wrong with the candidate'
    if comparison.change == "improved":
        return f'set_baseline with run_id="{candidate}" if this is the new normal'
    if min(len(comparison.baseline), len(comparison.candidate)) < _ENOUGH_REPEATS:
        return f"execute_k6_test with repeat={_ENOUGH_REPEATS} for both sides to see smaller changes"
    return "a longer test shows smaller changes"


def _unended(comparison: Comparison) -> str | None:
    """Return the run that has to end before anything can be compared."""
    for difference in comparison.differences:
        for text, runs in (
            (difference.baseline, comparison.baseline),
            (difference.candidate, comparison.candidate),
        ):
            if difference.what == "status" and text.startswith(STILL):
                return runs[0]
    return None
