"""Requests by HTTP status and by k6's error code; the record counts both exactly (K6_WEB_DASHBOARD_TAGS=status,error_code)."""

from collections.abc import Mapping
from dataclasses import dataclass

from k6_mcp.analysis import error_codes
from k6_mcp.models.metrics import ErrorCount, MetricRow, StatusCount

Rows = Mapping[str, MetricRow]

_STATUS, _ERROR_CODE, _WS_STATUS = "http_reqs{status:", "http_reqs{error_code:", "ws_sessions{status:"


def values_of(rows: Rows, name: str) -> Mapping[str, float]:
    """Return a metric's values, empty if it has no row."""
    return rows[name].values if name in rows else _NOTHING


def count_of(rows: Rows, name: str) -> int:
    """Return a counter's count, 0 if it has no row."""
    return round(values_of(rows, name).get("count", 0.0))


_NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How many requests there were, by status and error code, and how many got no answer (None if the tags were switched off)."""

    requests: int
    statuses: tuple[StatusCount, ...]
    errors: tuple[ErrorCount, ...]
    unanswered: int | None
    websockets: tuple[StatusCount, ...] = ()

    @classmethod
    def of(cls, rows: Rows, recorded: Rows) -> "Breakdown":
        """Count by tag: from the summary where the script's own thresholds put the sub-metric there, else from the record."""
        requests = count_of(rows, "http_reqs")
        statuses = _by_tag(rows, recorded, _STATUS)
        codes = {code: n for code, n in _by_tag(rows, recorded, _ERROR_CODE).items() if code in error_codes.ALL}
        if sum(statuses.values()) > requests:
            statuses = dict[int, int]()
        if statuses:
            unanswered = statuses.get(0, 0)
        else:
            unanswered = sum(count for code, count in codes.items() if error_codes.is_unanswered(code)) if codes else None
        return cls(
            requests,
            tuple(StatusCount(status=status, count=count) for status, count in _largest_first(statuses)),
            tuple(
                ErrorCount(code=c, meaning=error_codes.meaning(c), count=n)
                for c, n in _largest_first(_failed(codes, rows, recorded))
            ),
            unanswered,
            tuple(StatusCount(status=status, count=count) for status, count in _largest_first(_websockets(rows, recorded))),
        )


def _by_tag(rows: Rows, recorded: Rows, prefix: str) -> Mapping[int, int]:
    counts: dict[int, int] = {}
    for name in sorted({*rows, *recorded}):
        value = name.removeprefix(prefix).removesuffix("}")
        if name.startswith(prefix) and value.isdecimal() and value.isascii() and len(value) <= 6:
            counts[int(value)] = count_of(rows if name in rows else recorded, name)
    return {value: count for value, count in counts.items() if count}


def _websockets(rows: Rows, recorded: Rows) -> Mapping[int, int]:
    """Sessions by the status of their handshake: k6 gives none to those that got no answer, and counts them like the others."""
    statuses = _by_tag(rows, recorded, _WS_STATUS)
    sessions = count_of(rows, "ws_sessions")
    if not statuses and "ws_sessions" not in recorded:
        return {}
    return {**statuses, **({0: rest} if (rest := sessions - sum(statuses.values())) > 0 else {})}


def _failed(codes: Mapping[int, int], rows: Rows, recorded: Rows) -> Mapping[int, int]:
    """Without the requests whose status the script expects (http.expectedStatuses): k6 gives them an error code all the same."""
    failed: dict[int, int] = {}
    for code, count in codes.items():
        name = f"http_req_failed{{error_code:{code}}}"
        rate = values_of(rows if name in rows else recorded, name).get("rate", 1.0)
        failed[code] = round(count * rate) if code in error_codes.HTTP_ERROR else count
    return {code: count for code, count in failed.items() if count}


def _largest_first(counts: Mapping[int, int]) -> list[tuple[int, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
