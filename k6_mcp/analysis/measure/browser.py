"""What the browsers of a run (k6/browser) requested and how long their pages took."""

from collections.abc import Iterator, Mapping

from k6_mcp.analysis.measure.breakdown import Rows, count_of, tag_values, values_of
from k6_mcp.analysis.measure.web_vitals import PREFIX, web_vitals
from k6_mcp.models.metrics import BrowserFigures, MetricRow, StatusCount

FAILED, DURATION = "browser_http_req_failed", "browser_http_req_duration"
_SENT, _RECEIVED = "browser_data_sent", "browser_data_received"
_DOCUMENT = "Document"
_ERROR_PAGE = "chrome-error://chromewebdata/"
_EVERY_LOAD = ("ttfb", "fcp")


def browser_figures(rows: Rows, observed: Rows | None, load_s: float) -> BrowserFigures | None:
    """Return what the browsers of a run requested, None where they requested nothing."""
    failed, duration = values_of(rows, FAILED), values_of(rows, DURATION)
    sent, received = count_of(rows, _SENT), count_of(rows, _RECEIVED)
    if not (sent or received or any(failed.values()) or any(duration.values())):
        return None
    passes, fails, rate = failed.get("passes"), failed.get("fails", 0.0), failed.get("rate")
    requests = round(passes + fails) if passes is not None else _count(failed, duration)
    times: Mapping[str, float] = duration if any(duration.values()) else {}
    found = BrowserFigures(
        requests=requests,
        requests_per_s=requests / load_s if requests is not None and load_s else None,
        failed_requests=round(passes) if passes is not None else None,
        error_rate=rate if passes is None else passes / requests if requests else None,
        avg_ms=times.get("avg"),
        med_ms=times.get("med"),
        p90_ms=times.get("p(90)"),
        p95_ms=times.get("p(95)"),
        p99_ms=times.get("p(99)"),
        max_ms=times.get("max"),
        data_received_bytes=received,
        data_sent_bytes=sent,
        documents=tuple(_documents(rows, observed)),
        page_loads=_loads(rows, {}),
        error_pages=_loads(observed or {}, {"url": _ERROR_PAGE}) or 0,
    )
    return found.changed(web_vitals=tuple(web_vitals(rows))) if found.answered else found


def _count(failed: Mapping[str, float], duration: Mapping[str, float]) -> int | None:
    """Requests where k6 does not say how many failed: it does not of pages that came from a file, and its
    time series has no counts.
    """
    if "count" in duration:
        return round(duration["count"])
    return None if failed or duration else 0


def _loads(rows: Rows, tags: Mapping[str, str]) -> int | None:
    """Page loads with these tags, as the web vital tells that most of them had; None where no row tells their
    number.
    """
    names = (f"{PREFIX}{vital}" for vital in _EVERY_LOAD)
    counts = [
        row.values["count"]
        for name in names
        for row in rows.values()
        if _is(row, name, tags) and "count" in row.values
    ]
    return round(max(counts)) if counts else None


def _is(row: MetricRow, metric: str, tags: Mapping[str, str]) -> bool:
    return (
        row.name.partition("{")[0] == metric
        and ("{" in row.name) == bool(tags)
        and tag_values(row.name, metric) == tags
    )


def _documents(rows: Rows, observed: Rows | None) -> Iterator[StatusCount]:
    """Pages by status, the most frequent first, from the sub-metrics that we made k6 keep, or that the
    script's thresholds did.
    """
    found: dict[int, int] = {}
    for source in (observed or {}, rows):
        for name in source:
            tags = tag_values(name, FAILED)
            if (
                set(tags) == {"resource_type", "status"}
                and tags["resource_type"] == _DOCUMENT
                and tags["status"].isdecimal()
            ):
                values = values_of(source, name)
                found[int(tags["status"])] = round(values.get("passes", 0.0) + values.get("fails", 0.0))
    for status, number in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        if number:
            yield StatusCount(status=status, count=number)
