"""The names of gRPC's statuses."""

import pytest

from k6_mcp.analysis.measure.error_codes import grpc_name


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, "OK"),
        (1, "CANCELLED"),
        (16, "UNAUTHENTICATED"),
        (17, "not defined by gRPC"),
        (-1, "not defined by gRPC"),
        (None, "not defined by gRPC"),
    ],
)
def test_a_status_has_its_name_and_one_that_grpc_does_not_define_says_so(
    status: int | None, expected: str
) -> None:
    assert grpc_name(status) == expected
