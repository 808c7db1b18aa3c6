"""Expected HTTP statuses, as arguments of k6's `expectedStatuses` and as a check."""

from collections.abc import Iterator, Sequence

from k6_mcp.scripts.javascript import Code

# The statuses that k6 itself counts as a success
DEFAULT_EXPECTED = ("200-399",)


def expected_arguments(statuses: Sequence[str]) -> Code:
    """Return the arguments of `http.expectedStatuses` for statuses such as `200`, `200-299`, `2xx`."""
    return Code(
        ", ".join(
            str(low) if low == high else f"{{ min: {low}, max: {high} }}" for low, high in _ranges(statuses)
        )
    )


def status_check(statuses: Sequence[str]) -> tuple[str, Code]:
    """Return the name of a check on the status of response `r`, and its code."""
    tests = [
        f"r.status === {low}" if low == high else f"r.status >= {low} && r.status <= {high}"
        for low, high in _ranges(statuses)
    ]
    code = (
        tests[0] if len(tests) == 1 else " || ".join(f"({test})" if "&&" in test else test for test in tests)
    )
    return f"status is {' or '.join(statuses)}", Code(code)


def _ranges(statuses: Sequence[str]) -> Iterator[tuple[int, int]]:
    for text in statuses:
        low, _, high = text.replace("xx", "00").partition("-")
        yield int(low), int(high) if high else int(low) + (99 if text.endswith("xx") else 0)
