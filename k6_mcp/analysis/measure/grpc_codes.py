"""gRPC's status codes by name (google.golang.org/grpc/codes)."""

_NAMES = (
    *(
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
    ),
    *(
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
    ),
    *("DATA_LOSS", "UNAUTHENTICATED"),
)
OK, CANCELLED, UNIMPLEMENTED = (_NAMES.index(name) for name in ("OK", "CANCELLED", "UNIMPLEMENTED"))


def name(status: int | None) -> str:
    """Return the name of a status, or a text for one that gRPC does not define."""
    return _NAMES[status] if status is not None and 0 <= status < len(_NAMES) else "not defined by gRPC"
