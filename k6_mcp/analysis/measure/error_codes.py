"""Codes in words: k6's error codes (the `error_code` tag; lib/netext/httpext/error_codes.go in k6's source)
and gRPC's statuses (google.golang.org/grpc/codes).
"""

from collections.abc import Mapping

TOO_MANY_FILES = 1213
# Other values of the tag are a script's own
ALL = range(1000, 2000)
# 1000 + the status; k6 sets them whatever the script expects. Its own codes for other errors lie between:
# some targets answer 999.
HTTP_ERROR = frozenset((*range(1400, 1600), *range(1800, 2000)))

_GRPC_NAMES = (
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
GRPC_OK, GRPC_CANCELLED, GRPC_UNIMPLEMENTED = (
    _GRPC_NAMES.index(name) for name in ("OK", "CANCELLED", "UNIMPLEMENTED")
)
_MEANINGS: Mapping[int, str] = {
    1000: "no valid answer (connection closed early, malformed response or unsupported scheme)",
    1010: "network error that is not TCP",
    1020: "invalid URL",
    1050: "request timeout",
    1100: "DNS lookup failed",
    1101: "DNS: no such host",
    1110: "IP address is blacklisted for this run",
    1111: "host name is blocked for this run",
    1200: "TCP error",
    1201: "connection broken while sending (broken pipe)",
    1202: "network error of the operating system",
    1210: "connection could not be opened",
    1211: "connection attempt timed out",
    1212: "connection refused",
    1213: "connection could not be opened: the load generator is out of file descriptors or ports",
    1220: "connection reset by the target",
    1300: "TLS error",
    1301: "TLS: the target did not speak TLS",
    1310: "TLS: certificate of an unknown authority",
    1311: "TLS: certificate is for another host",
    1600: "HTTP/2 error",
    1701: "response could not be decompressed",
}
_FAMILIES: tuple[tuple[range, str], ...] = (
    (range(1000, 1100), "request error"),
    (range(1100, 1200), "DNS error"),
    (range(1200, 1300), "TCP error"),
    (range(1300, 1400), "TLS error"),
    (range(1610, 1630), "HTTP/2: the target closed the connection (GOAWAY)"),
    (range(1630, 1650), "HTTP/2: stream error"),
    (range(1650, 1670), "HTTP/2: connection error"),
    (range(1600, 1700), "HTTP/2 error"),
    (range(1700, 1800), "response content error"),
)


def meaning(code: int) -> str:
    """Return what an error code means, in a few words."""
    if code in HTTP_ERROR:
        return f"HTTP {code - 1000}"
    return _MEANINGS.get(code) or next((text for codes, text in _FAMILIES if code in codes), "unknown error")


def is_unanswered(code: int) -> bool:
    """Return whether requests with this code got no HTTP answer."""
    return 1000 <= code < 1400 or 1600 <= code < 1700


def grpc_name(status: int | None) -> str:
    """Return the name of a gRPC status, and of those that gRPC does not define what they are."""
    return (
        _GRPC_NAMES[status]
        if status is not None and status in range(len(_GRPC_NAMES))
        else "not defined by gRPC"
    )
