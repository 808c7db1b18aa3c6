"""Requests by HTTP status and by k6's error code.

Statuses from 400 on have an error code of their own, which k6's record counts exactly
(K6_WEB_DASHBOARD_TAGS=error_code), as it does those of requests without an answer. The statuses of successes,
which nearly every request has, would cost too much there; k6's summary counts the usual ones
(templates/_options.js).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from k6_mcp.analysis.measure import error_codes
from k6_mcp.models.metrics import ErrorCount, GrpcStatusCount, MetricRow, StatusCount

Rows = Mapping[str, MetricRow]

_STATUS, _ERROR_CODE, _WS_STATUS = (
    ("http_reqs", "status"),
    ("http_reqs", "error_code"),
    ("ws_sessions", "status"),
)
_GRPC_STATUS = ("grpc_req_duration", "status")


def values_of(rows: Rows, name: str) -> Mapping[str, float]:
    """Return a metric's values, empty if it has no row."""
    return rows[name].values if name in rows else _NOTHING


def count_of(rows: Rows, name: str) -> int:
    """Return a counter's count, 0 if it has no row."""
    return round(values_of(rows, name).get("count", 0.0))


_NOTHING: Mapping[str, float] = {}


class Breakdown(NamedTuple):
    """How many requests there were, by status and error code, and how many got no answer (None if the tags
    were switched off).
    """

    requests: int
    statuses: tuple[StatusCount, ...]
    errors: tuple[ErrorCount, ...]
    unanswered: int | None
    websockets: tuple[StatusCount, ...] = ()
    grpc: tuple[GrpcStatusCount, ...] = ()

    @classmethod
    def of(cls, rows: Rows, recorded: Rows, observed: Rows | None) -> "Breakdown":
        """Count by tag, from `rows` where the script's own thresholds put the sub-metric there; `observed`
        None: no summary.
        """
        requests = count_of(rows, "http_reqs")
        codes = {
            code: n for code, n in _by_tag(rows, recorded, _ERROR_CODE).items() if code in error_codes.ALL
        }
        unanswered = sum(count for code, count in codes.items() if error_codes.is_unanswered(code))
        failures = {code - 1000: n for code, n in codes.items() if code in error_codes.HTTP_ERROR}
        statuses = {
            **failures,
            **_by_tag(rows, observed or recorded, _STATUS),
            **({0: unanswered} if unanswered else {}),
        }
        if sum(statuses.values()) > requests:
            statuses = dict[int, int]()
        return cls(
            requests,
            tuple(StatusCount(status=status, count=count) for status, count in _largest_first(statuses)),
            tuple(
                ErrorCount(code=c, meaning=error_codes.meaning(c), count=n)
                for c, n in _largest_first(_failed(codes, rows, recorded))
            ),
            unanswered if codes or statuses else None,
            tuple(
                StatusCount(status=status, count=count)
                for status, count in _largest_first(_websockets(rows, observed))
            ),
            tuple(_grpc(rows, observed)),
        )


def tag_value(name: str, metric: str, tag: str) -> str | None:
    """Return the value of `tag` if the sub-metric `name` of `metric` has this tag alone, however a script
    spelled it.

    As k6 reads it (AddSubmetric in its metrics/metric.go): quotes and blanks around names and values mean
    nothing.
    """
    tags = tag_values(name, metric)
    return tags.get(tag) if len(tags) == 1 else None


def tag_values(name: str, metric: str) -> Mapping[str, str]:
    """Return the tags of `name`, read in the same way, if it is a sub-metric of `metric`, else none."""
    base, brace, tags = name.partition("{")
    if base != metric or not brace:
        return {}
    pairs = (part.partition(":") for part in tags.removesuffix("}").split(",") if part)
    return {key.strip().strip("\"'"): value.strip().strip("\"'") for key, _, value in pairs}


def _by_tag(rows: Rows, recorded: Rows, of: tuple[str, str]) -> Mapping[int, int]:
    counts: dict[int, int] = {}
    for name in sorted({*rows, *recorded}):
        value = tag_value(name, *of)
        if value and value.isdecimal() and value.isascii() and len(value) <= 6:
            counts[int(value)] = count_of(rows if name in rows else recorded, name)
    return {value: count for value, count in counts.items() if count}


def _websockets(rows: Rows, observed: Rows | None) -> Mapping[int, int]:
    """Sessions by the status of their handshake: k6 gives none to those that got no answer, and counts them
    like the others.
    """
    if observed is None:
        return {}
    statuses = _by_tag(rows, observed, _WS_STATUS)
    rest = count_of(rows, "ws_sessions") - sum(statuses.values())
    return {**statuses, **({0: rest} if rest > 0 else {})}


def _grpc(rows: Rows, observed: Rows | None) -> Iterator[GrpcStatusCount]:
    """Calls by status, the most frequent first; last those with a code that gRPC does not define, which a
    server may send too.
    """
    if observed is None:
        return
    statuses = _by_tag(rows, observed, _GRPC_STATUS)
    for status, count in _largest_first(statuses):
        yield GrpcStatusCount(status=status, name=error_codes.grpc_name(status), count=count)
    rest = count_of(rows, "grpc_req_duration") - sum(statuses.values())
    if rest > 0:
        yield GrpcStatusCount(status=None, name=error_codes.grpc_name(None), count=rest)


def _failed(codes: Mapping[int, int], rows: Rows, recorded: Rows) -> Mapping[int, int]:
    """Without the requests whose status the script expects (http.expectedStatuses): k6 gives them an error
    code all the same.
    """
    failed: dict[int, int] = {}
    for code, count in codes.items():
        name = f"http_req_failed{{error_code:{code}}}"
        rate = values_of(rows if name in rows else recorded, name).get("rate", 1.0)
        failed[code] = round(count * rate) if code in error_codes.HTTP_ERROR else count
    return {code: count for code, count in failed.items() if count}


def _largest_first(counts: Mapping[int, int]) -> list[tuple[int, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
