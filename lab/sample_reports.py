"""Views of invented runs for reports: usual runs, a run of an hour, and one full of hostile text."""

import math
from datetime import UTC, datetime
from typing import Any

from k6_mcp.models.comparison import Comparison, Difference, MetricChange
from k6_mcp.models.findings import Evidence, Finding
from k6_mcp.models.metrics import (
    CheckResult,
    EndpointFigures,
    ErrorCount,
    ErrorSample,
    Generator,
    StatusCount,
)
from k6_mcp.models.plan import ScenarioPlan, StagePlan
from k6_mcp.models.run import Asked, Failure, Notice, Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.timeline import ErrorSeries, Phase, Series, Timeline
from k6_mcp.reports.run_view import RunView
from lab.sample_runs import NOW, START_MS, latency, metrics, plan, run, threshold

GENERATED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
# Start and end as shares of the time, then the rates in 1/s
STAGES = (
    (0.0, 0.3, 10.0, 50.0),
    (0.3, 0.7, 50.0, 50.0),
    (0.7, 1.0, 50.0, 0.0),
)
HOSTILE = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror="window.pwned=1">',
    "javascript:window.pwned=1",
    "'-window.pwned-'",
    "</script><script>window.pwned=1</script><!--",
    "</title></style></textarea><svg onload=window.pwned=1>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066 \u200b\u0007\ud800 \u2028",
    "W" * 10_000,
)

CHANGES = (
    MetricChange(
        metric="p95",
        unit="ms",
        change="regressed",
        baseline=75,
        candidate=98,
        effect=0.31,
        effect_low=0.24,
        effect_high=0.38,
    ),
    MetricChange(metric="rate", unit="per_s", change="not_comparable", baseline=49.0, reason="less load"),
)


def timeline(seconds: int = 60, *, outage: tuple[int, int] | None = None, **facts: Any) -> Timeline:
    """Return a ramp up, a hold and a ramp down, one interval per second.

    No request succeeds during `outage`.
    """
    down = range(*outage) if outage else range(0)
    rates = [_rate(i / seconds) for i in range(seconds)]
    p50 = [20 + 10 * math.sin(i / 7) + rate * 0.4 for i, rate in enumerate(rates)]
    failed = tuple(round(rate) if i in down else 0 for i, rate in enumerate(rates))
    requests = tuple(round(rate) for rate in rates)
    percentiles = {
        name: tuple(round(value * factor, 3) if requests[i] else None for i, value in enumerate(p50))
        for name, factor in {
            "avg_ms": 1.1,
            "p50_ms": 1,
            "p90_ms": 1.6,
            "p95_ms": 2,
            "p99_ms": 3,
            "max_ms": 5,
        }.items()
    }
    fields: dict[str, Any] = {
        "start_unix_ms": START_MS,
        "period_s": 1.0,
        "ends_s": tuple(float(i + 1) for i in range(seconds)),
        "total": Series(requests=requests, failed=failed, iterations=requests, **percentiles),
        "unanswered": failed,
        "dropped": tuple(3 if i in down else 0 for i in range(seconds)),
        "vus": tuple(max(1, round(rate / 5)) for rate in rates),
        "errors": (ErrorSeries(code=1212, counts=failed),) if outage else (),
        **facts,
    }
    return Timeline(**fields)


def phases(seconds: int = 60) -> tuple[Phase, ...]:
    """Return the three stages of `timeline`."""
    return tuple(
        Phase(
            scenario="shop",
            number=number,
            label=f"{number}: {'hold at' if begin == end else 'ramp to'} {end:g}/s",
            kind="hold" if begin == end else "ramp",
            start_s=since * seconds,
            end_s=until * seconds,
            asked_rate_per_s=(begin + end) / 2,
            iterations_per_s=(begin + end) / 2,
            requests_per_s=(begin + end) / 2,
            p95_ms=70.0 + number,
            error_rate=0.1 if number == 2 else 0.0,
            dropped=21 if number == 2 else 0,
        )
        for number, (since, until, begin, end) in enumerate(STAGES, start=1)
    )


def broken(seconds: int = 60, **facts: Any) -> RunView:
    """Return a ramp with a temporary outage: crossed thresholds, findings, phases, endpoints, samples."""
    outage = (seconds // 3, seconds // 3 + max(1, seconds // 8))
    return view(
        _failed_run(seconds, outage, **facts),
        timeline(seconds, outage=outage),
        findings=_findings(outage),
        phases=phases(seconds),
        script=(
            "import http from 'k6/http';\nexport default function () {\n "
            " http.get('http://127.0.0.1:8000/');\n}\n"
        ),
    )


def short() -> RunView:
    """Return a successful run of two seconds."""
    return view(run(metrics=metrics(threshold()), plan=plan(("http_req_duration", "p(95)<500"))), timeline(2))


def bare() -> RunView:
    """Return a run without a timeline and without figures."""
    return view(
        run("failed", failure=Failure(kind="script_error", message="SyntaxError", hint="correct the script")),
        None,
    )


def hostile(text: str) -> RunView:
    """Return a run with `text` wherever someone else could choose the text."""
    base = broken()
    words: dict[str, Any] = {
        "name": text[:120],
        "tags": {"tag": text},
        "asked": Asked(
            origin="preset",
            url=f"http://h/{text}",
            script_file=text,
            method="GET",
            headers={"X-A": text},
            env_names=(text,),
        ),
        "failure": Failure(kind="thresholds_exceeded", message=text, hint=text, evidence=(text,)),
        "warnings": (Notice(code="k6_warning", message=text),),
        "metrics": metrics(
            threshold("p(95)<500", metric=f"http_req_duration{{name:{text}}}", ok=False),
            more={
                "checks": (CheckResult(group=text, name=text, passes=1, fails=2),),
                "errors": (ErrorCount(code=1212, meaning=text, count=3),),
                "statuses": (StatusCount(status=500, count=3),),
                "endpoints": (EndpointFigures(name=text, requests=3, failed=3),),
                "endpoints_note": text,
                "samples": (ErrorSample(name=text, status=500, text=text),),
            },
        ),
    }
    finding = Finding(
        id="outage",
        severity="critical",
        confidence=0.9,
        message=text,
        evidence=(Evidence(metric=text, limit=0.5, from_s=20, to_s=27, note=text),),
        recommendation=text,
    )
    staged = tuple(phase.model_copy(update={"label": text, "scenario": text}) for phase in phases())
    return view(
        base.run.model_copy(update=words),
        base.timeline,
        headline=text,
        findings=(finding,),
        phases=staged,
        script=text * 3,
    )


def comparison(before: RunView, after: RunView, sentence: str = "p95 rose by 31 %") -> Comparison:
    """Return a comparison of two runs, with `sentence` in the place of every text."""
    return Comparison(
        baseline=(before.run.run_id,),
        candidate=(after.run.run_id,),
        change="regressed",
        sentence=sentence,
        metrics=CHANGES,
        differences=(Difference(what="k6 version", baseline=sentence, candidate="2.2.0", blocking=True),),
        notes=(sentence,),
    )


def view(judged: Run, over_time: Timeline | None, *, script: str | None = None, **explained: Any) -> RunView:
    """Return a view of `judged`; the other arguments are fields of its explanation."""
    fields: dict[str, Any] = {
        "headline": f"{judged.status}: as made up",
        "failure": judged.failure,
        **explained,
    }
    explanation = Explanation(run_id=judged.run_id, status=judged.status, **fields)
    return RunView(
        run=judged, explanation=explanation, timeline=over_time, generated_at=GENERATED, script=script
    )


def _rate(share: float) -> float:
    since, until, begin, end = next(stage for stage in STAGES if stage[0] <= share < stage[1])
    return begin + (end - begin) * (share - since) / (until - since)


def _failed_run(seconds: int, outage: tuple[int, int], **facts: Any) -> Run:
    stages = tuple(
        StagePlan(
            start_s=since * seconds, duration_s=(until - since) * seconds, from_target=begin, target=end
        )
        for since, until, begin, end in STAGES
    )
    scenario = ScenarioPlan(
        name="shop",
        executor="ramping-arrival-rate",
        vus=20,
        max_vus=20,
        duration_s=float(seconds),
        rate_per_s=10.0,
    )
    scenario = scenario.model_copy(update={"peak_rate_per_s": 50.0, "stages": stages})
    failed = 50 * (outage[1] - outage[0])
    total = 38 * seconds
    figures: dict[str, Any] = {
        **{"load_s": float(seconds), "requests": total, "requests_per_s": 38.0, "failed_requests": failed},
        **{
            "error_rate": failed / total,
            "unanswered_requests": failed,
            "iterations": total,
            "iterations_per_s": 38.0,
        },
        **{
            "iterations_dropped": 21,
            "vus_max": 20,
            "data_received_bytes": 9_300_000,
            "data_sent_bytes": 410_000,
        },
        **{
            "checks_passed": total - failed,
            "checks_failed": failed,
            "latency": latency(of="successful_requests"),
        },
    }
    judged = metrics(
        threshold("p(95)<100", ok=False, observed=131.2),
        threshold("p(99)<=400", observed=220.0),
        threshold("rate<0.01", metric="http_req_failed", ok=False, observed=failed / total),
        threshold("rate>0.95", metric="checks{endpoint:basket}", ok=True, observed=None, has_samples=False),
        more={
            "checks": (CheckResult(group="", name="status is 200", passes=total - failed, fails=failed),),
            "errors": (ErrorCount(code=1212, meaning="TCP: connection refused", count=failed),),
            "statuses": (StatusCount(status=200, count=total - failed), StatusCount(status=0, count=failed)),
            "endpoints": tuple(
                _endpoint(name, i) for i, name in enumerate(("GET /", "GET /item", "POST /basket"))
            ),
            "samples": (ErrorSample(name="POST /basket", status=500, text='{"error":"no such item"}'),),
            "generator": Generator(cpu_s=4.2, cores=2, cpu_share=0.035),
        },
        **figures,
    )
    failure = Failure(
        kind="thresholds_exceeded",
        message="2 of 4 thresholds crossed: http_req_duration p(95)<100 (observed 131.2)",
        hint="improve the target or lower the load",
        evidence=("http_req_duration p(95)<100: observed 131.2",),
        also=("load_not_delivered",),
    )
    fields: dict[str, Any] = {
        "name": "shop, ramp to 50/s",
        "asked": Asked(origin="file", script_file="/home/someone/shop.js"),
        "plan": plan(
            scenarios=(scenario,),
            duration_s=float(seconds),
            expected_iterations=total + 21,
            peak_rate_per_s=50.0,
        ),
        "metrics": judged,
        "failure": failure,
        "warnings": (Notice(code="requests_unanswered", message=f"{failed} requests got no answer"),),
        "ended_at": NOW,
        "tags": {"branch": "main"},
        **facts,
    }
    return run("failed", **fields)


def _endpoint(name: str, i: int) -> EndpointFigures:
    times = {"avg_ms": 22.0, "med_ms": 20.0, "p90_ms": 34.0, "p95_ms": 41.0, "p99_ms": 66.0, "max_ms": 180.0}
    return EndpointFigures(
        name=name, requests=760, failed=10 * i, **{key: value * (i + 1) for key, value in times.items()}
    )


def _findings(outage: tuple[int, int]) -> tuple[Finding, ...]:
    since, until = map(float, outage)
    return (
        Finding(
            id="outage",
            severity="critical",
            confidence=0.97,
            message=(
                f"no request was answered for {until - since:g} s, from {since:g} s on; recovery took 1 s"
            ),
            evidence=(
                Evidence(
                    metric="http_req_failed",
                    observed=0.0,
                    from_s=0.0,
                    to_s=since,
                    note="before: 40 requests/s",
                ),
                Evidence(
                    metric="http_req_failed", observed=1.0, limit=0.5, from_s=since, to_s=until, note="during"
                ),
                Evidence(metric="recovery_s", observed=1.0, limit=300.0, from_s=since, to_s=until + 1),
            ),
            recommendation="look at the target's log at that time",
        ),
        Finding(
            id="nothing_hidden",
            severity="info",
            confidence=0.6,
            message="the open model kept its rate",
            recommendation="nothing to do",
        ),
    )
