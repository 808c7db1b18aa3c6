"""Figures per endpoint: the sub-metrics by request name that k6 kept (see templates/_options.js)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k6_mcp.analysis.measure.breakdown import Rows, tag_value
from k6_mcp.models.metrics import EndpointFigures, Figures
from k6_mcp.models.wording import count
from k6_mcp.redaction import redact_text

_NAME_THEM = "give each request a name with http.get(url, { tags: { name: 'item' } })"


@dataclass(frozen=True)
class Endpoints:
    """The table, most requests first, and a note about what it lacks."""

    figures: tuple[EndpointFigures, ...] = ()
    note: str | None = None


def endpoints(rows: Rows, observed: Rows | None, figures: Figures) -> Endpoints:
    """Return the endpoints of a run.

    `observed` is None if k6 left no summary; its time series has no names.
    """
    if not figures.requests:
        return Endpoints()
    if observed is None:
        return Endpoints(note="no table of endpoints: k6 left no end-of-test summary, the only source for it")
    named = sorted(_named({**observed, **rows}), key=lambda row: (-row.requests, row.name or ""))
    requests = figures.requests - sum(row.requests for row in named)
    failed = figures.failed_requests - sum(row.failed for row in named)
    if not named or requests < 0 or failed < 0:
        return Endpoints(
            note=(
                "no table of endpoints: the script builds their names at run time, or its systemTags omit"
                f" `name`; {_NAME_THEM}, and keep `name` in systemTags"
            )
        )
    if not requests:
        return Endpoints(tuple(named))
    others = EndpointFigures(name=None, requests=requests, failed=failed)
    return Endpoints(
        (*named, others),
        f"{count(requests, 'request')} had other names, built at run time; to list them separately,"
        f" {_NAME_THEM}",
    )


def _named(rows: Rows) -> Iterator[EndpointFigures]:
    failures = {
        tag_value(name, "http_req_failed", "name"): row.values.get("passes", 0.0)
        for name, row in rows.items()
    }
    for name, row in rows.items():
        endpoint, values = tag_value(name, "http_req_duration", "name"), row.values
        requests = round(values.get("count", 0.0))
        if not endpoint or not requests:
            continue
        failed = round(failures.get(endpoint, 0.0))
        # k6 counts requests that never connected as 0 ms, which would make a failing endpoint look fast.
        known: Mapping[str, float] = values if values.get("min") or not failed else {}
        yield EndpointFigures(
            name=redact_text(endpoint),
            requests=requests,
            failed=failed,
            avg_ms=known.get("avg"),
            med_ms=known.get("med"),
            p90_ms=known.get("p(90)"),
            p95_ms=known.get("p(95)"),
            p99_ms=known.get("p(99)"),
            max_ms=known.get("max"),
        )
