"""JUnit XML as pipelines read it: every case, counts that add up, and nothing that is no XML."""

from typing import get_args
from xml.etree import ElementTree as ET

import pytest

from k6_mcp.analysis.many.gate import judge_gate
from k6_mcp.models.failures import FailureKind
from k6_mcp.models.gate import GatePolicy
from k6_mcp.models.metrics import CheckResult
from k6_mcp.models.run import Failure, Run, Status
from k6_mcp.reports.junit import run_junit
from lab.sample_reports import HOSTILE, bare, broken, hostile
from lab.sample_runs import metrics, run, threshold
from tests.reports.junit_schema import violations


def suite(told: Run) -> ET.Element:
    """The one suite of a report."""
    root = ET.fromstring(run_junit(told))
    assert (root.tag, len(root)) == ("testsuites", 1)
    return root[0]


def problems(told: Run) -> dict[str, str]:
    """The element below each test case that is not good."""
    return {case.attrib["name"]: case[0].tag for case in suite(told).iter("testcase") if len(case)}


def failed(kind: FailureKind) -> Run:
    return run(
        "failed", failure=Failure(kind=kind, message="it <broke>", hint="mend it", evidence=("one", "two"))
    )


def test_a_good_run_is_a_case_for_the_verdict_and_for_each_threshold_and_check() -> None:
    checks = (CheckResult(group="shop", name="is 200", passes=3, fails=0),)
    good = suite(run(name="shop", metrics=metrics(threshold(), more={"checks": checks})))

    assert [(case.attrib["classname"], case.attrib["name"]) for case in good.iter("testcase")] == [
        ("k6-mcp.verdict", "load test"),
        ("k6-mcp.thresholds", "http_req_duration p(95)<500"),
        ("k6-mcp.checks", "shop::is 200"),
    ]
    assert [good.attrib[name] for name in ("name", "tests", "failures", "errors", "skipped")] == [
        "shop",
        "3",
        "0",
        "0",
        "0",
    ]


def test_what_crossed_or_failed_is_a_failure_with_its_figure_and_what_had_no_samples_an_error() -> None:
    checks = (CheckResult(group="", name="is 201", passes=1, fails=9),)
    judged = (threshold(ok=False), threshold("p(99)<1", has_samples=False))
    bad = suite(run(metrics=metrics(*judged, more={"checks": checks})))

    assert [failure.attrib["message"] for failure in bad.iter("failure")] == [
        "http_req_duration p(95)<500: observed 35.75",
        "failed 9 of 10 times",
    ]
    assert [error.attrib["message"] for error in bad.iter("error")] == [
        "http_req_duration p(99)<1: the metric has no samples"
    ]
    assert (bad.attrib["failures"], bad.attrib["errors"]) == ("2", "1")


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_target_that_fails_is_a_failure_and_a_test_that_could_not_judge_an_error(
    kind: FailureKind,
) -> None:
    (case,) = suite(failed(kind)).iter("testcase")

    gate = judge_gate([failed(kind)], None, GatePolicy()).outcome
    element = {"breached": "failure", "errored": "error"}[gate]
    assert (case[0].tag, case[0].attrib) == (element, {"message": "it <broke>", "type": kind})
    assert case[0].text == "next step: mend it\none\ntwo"


@pytest.mark.parametrize(
    ("status", "element"),
    [("running", "skipped"), ("queued", "skipped"), ("lost", "error"), ("cancelled", "error")],
)
def test_a_run_without_a_verdict_is_never_green(status: Status, element: str) -> None:
    assert problems(run(status)) == {"load test": element}


@pytest.mark.parametrize(
    "told", [broken().run, bare().run, failed("internal"), run("running"), *(hostile(t).run for t in HOSTILE)]
)
def test_only_what_the_published_schemas_know_is_written(told: Run) -> None:
    assert violations(run_junit(told)) == []


@pytest.mark.parametrize(
    ("given", "instead", "told"),
    [
        (b' tests="1"', b"", "testsuite lacks tests"),
        (b' tests="1"', b' tests="2"', "tests=2 but there are 1"),
        (b' time="', b' time="x', "testcase time='x"),
        (b"<system-err />", b"", "testsuite holds"),
        (b"<testcase ", b'<testcase file="a" ', "testcase has file"),
    ],
)
def test_what_the_schemas_do_not_know_is_found(given: bytes, instead: bytes, told: str) -> None:
    document = run_junit(run())
    assert given in document

    found = violations(document.replace(given, instead))

    assert any(line.startswith(told) for line in found), found


@pytest.mark.parametrize(
    "text", [*HOSTILE, "\x00\x1b[31m\ufffe\uffff", "]]>", "&amp;<!ENTITY x SYSTEM 'file:///etc/passwd'>"]
)
def test_hostile_text_is_text(text: str) -> None:
    written = suite(hostile(text).run)

    assert violations(run_junit(hostile(text).run)) == []
    if text.isprintable():
        assert text[:100] in written.attrib["name"]
