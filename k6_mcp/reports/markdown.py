"""A run as Markdown for a pull request on GitHub or GitLab."""

from collections.abc import Callable, Iterator, Sequence

from k6_mcp.models.findings import Severity
from k6_mcp.models.run import Run
from k6_mcp.models.timeline import Phase
from k6_mcp.models.wording import count, number, percent
from k6_mcp.reports.key_figures import grouped, key_figures, milliseconds
from k6_mcp.reports.markdown_text import NONE, QUOTED, Size, code, fitting, more, signed, table
from k6_mcp.reports.run_view import RunView, threshold_row

_MARKS = {"completed": "✅", "failed": "❌", "cancelled": "⚪", "lost": "⚪", "running": "⏳", "queued": "⏳"}
_SEVERITIES: dict[Severity, str] = {"critical": "🔴 critical", "warning": "🟡 warning", "info": "🔵 info"}
_Section = Callable[[RunView, Size], Iterator[str]]


def run_markdown(view: RunView) -> bytes:
    """Return the report, UTF-8, at most `LONGEST_BYTES`."""
    return fitting(lambda size: _run(view, size))


def _run(view: RunView, size: Size) -> Iterator[str]:
    run, explanation = view.run, view.explanation
    kind = f": {run.failure.kind}" if run.failure else ""
    yield f"## {_MARKS[run.status]} Load test {run.status}{kind}\n"
    yield f"{code(view.title, size.text)}\n"
    yield f"{code(explanation.headline, size.text)}\n"
    yield QUOTED
    if run.failure:
        yield f"**Next step:** {code(run.failure.hint, size.text)}\n"
    for section in (_thresholds, _figures, _findings, _phases, _endpoints):
        yield from section(view, size)
    details: tuple[tuple[str, _Section], ...] = (
        ("Errors and statuses", _errors),
        ("Checks", _checks),
        ("Observations", _observations),
        ("How it was run", _how),
    )
    for title, section in details:
        if lines := [*section(view, size)]:
            yield from (f"<details><summary>{title}</summary>\n", *lines, "</details>\n")


def _thresholds(view: RunView, size: Size) -> Iterator[str]:
    rows: list[Sequence[str]] = []
    for threshold in view.thresholds[: size.rows]:
        row = threshold_row(threshold)
        observed = NONE if row.observed is None or not row.has_samples else number(row.observed, 5)
        left = NONE if row.headroom is None else signed(row.headroom)
        name = code(f"{threshold.metric} {threshold.expression}", size.text)
        rows.append(("✅" if row.ok else "❌", name, observed, left))
    yield from table("Thresholds", ("", "Threshold", "Observed", "Headroom"), rows, len(view.thresholds))


def _figures(view: RunView, size: Size) -> Iterator[str]:
    rows = [
        (figure.label, f"{figure.value} {figure.unit}".strip(), figure.note)
        for figure in key_figures(view.run)
    ]
    yield from table("Key figures", ("Figure", "Value", ""), rows, len(rows))


def _findings(view: RunView, size: Size) -> Iterator[str]:
    found = view.explanation.findings
    if found:
        yield "### Findings\n"
    for finding in found[: size.rows]:
        yield f"- {_SEVERITIES[finding.severity]} {code(finding.id, 60)} {code(finding.message, size.text)}  "
        yield f"  → {code(finding.recommendation, size.text)}"
    if found:
        yield from more(len(found), size.rows)


def _phases(view: RunView, size: Size) -> Iterator[str]:
    phases = view.explanation.phases
    rows = [_phase(phase, size) for phase in phases[: size.rows]]
    columns = ("Phase", "From", "To", "Asked", "Requests/s", "p95", "Failed")
    yield from table("Phases", columns, rows, len(phases))


def _phase(phase: Phase, size: Size) -> Sequence[str]:
    asked = NONE
    if phase.asked_rate_per_s is not None:
        asked = f"{number(phase.asked_rate_per_s)} iterations/s"
    elif phase.asked_vus is not None:
        asked = count(phase.asked_vus, "VU")
    achieved = NONE if phase.requests_per_s is None else number(phase.requests_per_s)
    failed = NONE if phase.error_rate is None else percent(phase.error_rate)
    times = (f"{number(phase.start_s)} s", f"{number(phase.end_s)} s")
    return (
        code(f"{phase.scenario}: {phase.label}", size.text),
        *times,
        asked,
        achieved,
        milliseconds(phase.p95_ms),
        failed,
    )


def _endpoints(view: RunView, size: Size) -> Iterator[str]:
    shown = view.endpoints[: size.rows]
    rows = [
        (
            code(endpoint.name, size.text) if endpoint.name is not None else "all others",
            grouped(endpoint.requests),
            percent(endpoint.failed / endpoint.requests) if endpoint.requests else NONE,
            milliseconds(endpoint.med_ms),
            milliseconds(endpoint.p95_ms),
            milliseconds(endpoint.max_ms),
        )
        for endpoint in shown
    ]
    yield from table(
        "Endpoints", ("Name", "Requests", "Failed", "Median", "p95", "Longest"), rows, len(view.endpoints)
    )
    if view.run.metrics and view.run.metrics.endpoints_note and not rows:
        yield f"No table of endpoints: {code(view.run.metrics.endpoints_note, size.text)}\n"


def _errors(view: RunView, size: Size) -> Iterator[str]:
    metrics = view.run.metrics
    if metrics is None:
        return
    errors = [
        (str(error.code), code(error.meaning, size.text), grouped(error.count))
        for error in metrics.errors[: size.rows]
    ]
    yield from table("", ("error_code", "Meaning", "Requests"), errors, len(metrics.errors))
    statuses = [
        (str(row.status) if row.status else "no answer", grouped(row.count))
        for row in metrics.statuses[: size.rows]
    ]
    yield from table("", ("HTTP status", "Requests"), statuses, len(metrics.statuses))
    calls = [
        ("" if row.status is None else str(row.status), row.name, grouped(row.count))
        for row in metrics.grpc[: size.rows]
    ]
    yield from table("", ("gRPC status", "Meaning", "Calls"), calls, len(metrics.grpc))
    pages = (
        [(str(row.status), grouped(row.count)) for row in metrics.browser.documents[: size.rows]]
        if metrics.browser
        else []
    )
    yield from table(
        "", ("Status of pages", "Loads"), pages, len(metrics.browser.documents) if metrics.browser else 0
    )
    samples = [
        (code(row.name, size.text), str(row.status), code(row.text, size.text))
        for row in metrics.samples[: size.rows]
    ]
    yield from table(
        "", ("Failed request", "Status", "What the target answered"), samples, len(metrics.samples)
    )


def _checks(view: RunView, size: Size) -> Iterator[str]:
    checks = sorted(view.run.metrics.checks, key=lambda check: -check.fails) if view.run.metrics else []
    rows = [
        (
            "❌" if check.fails else "✅",
            code(f"{check.group} {check.name}", size.text),
            grouped(check.passes),
            grouped(check.fails),
        )
        for check in checks[: size.rows]
    ]
    yield from table("", ("", "Check", "Passed", "Failed"), rows, len(checks))


def _observations(view: RunView, size: Size) -> Iterator[str]:
    texts = view.explanation.observations
    yield from (f"- {code(text, size.text)}" for text in texts[: size.rows])
    if texts:
        yield ""


def _how(view: RunView, size: Size) -> Iterator[str]:
    rows = [(name, code(text, size.text)) for name, text in _facts(view.run)]
    yield from table("", ("", ""), rows[: size.rows], len(rows))


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    yield "run", run.run_id
    yield "created", f"{run.created_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "k6", run.k6_version
    if run.asked.url or run.asked.script_file:
        yield "target" if run.asked.url else "script", run.asked.url or run.asked.script_file or ""
    for scenario in run.plan.scenarios if run.plan else ():
        yield "scenario", f"{scenario.name}: {scenario.executor}"
    yield from (("tag", f"{name}={value}") for name, value in run.tags.items())
