"""docs/evidence/findings.md: what every rule reported about every run, as the benchmark `findings` saw it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.evidence import cells, table
from k6_mcp.analysis.findings import RULES
from k6_mcp.models.findings import Finding
from lab.misbehaving_runs import HEALTHY, MISBEHAVING, Scenario

NAME = "findings.md"
IDS = tuple(rule.__name__ for rule in RULES)
SCENARIOS = (*MISBEHAVING, *HEALTHY)
EXAMPLE = "a rate that grows beyond the capacity"

_MARKS = {"hit": "●", "also": "○", "missed": "**missed**", "false": "**false**", "silent": ""}
_ANSWER = re.compile(r"^```json\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
_HEAD = """# What the rules find

Every rule of `analyze_run`, on real k6 runs against a local target that misbehaves in a known way, and on
healthy runs. `make evidence PAGES=findings` remakes this page in about eight minutes. The limits are the
defaults, with one exception: the run without CPU uses 15 % of the cores as its limit, so that the rule also
fires on a machine that has other work to do.
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one run; `answer` is that of analyze_run, empty where it is not shown."""

    scenario: Scenario
    findings: tuple[Finding, ...]
    answer: str = ""

    def mark(self, rule: str) -> str:
        """Return what this rule did here, a key of `_MARKS`."""
        found = any(finding.id == rule for finding in self.findings)
        if rule in self.scenario.must:
            return "hit" if found else "missed"
        if not found:
            return "silent"
        return "also" if rule in self.scenario.also else "false"


def page(seen: Sequence[Seen]) -> str:
    """Return the whole page."""
    numbers = {rule: str(number) for number, rule in enumerate(IDS, start=1)}
    example = next(one.answer for one in seen if one.scenario.name == EXAMPLE)
    return "\n".join(
        (
            _HEAD,
            *_per_rule(seen),
            "",
            "## Every run and every rule",
            "",
            "● reported, and the run was made to show it · ○ also reported, and also true of the run",
            "· empty: not reported. The columns are the rules in the order of the table above.",
            "",
            *_matrix(seen, numbers),
            "",
            "## What was reported",
            "",
            *_reported(seen),
            "",
            "## One answer",
            "",
            f'What `analyze_run` answers about the run "{EXAMPLE}":',
            "",
            "```json",
            example,
            "```",
            "",
        )
    )


def parsed(text: str) -> list[Seen]:
    """Return what a page was made of, one for each scenario that the benchmark runs now."""
    found: dict[str, list[Finding]] = {}
    for run, rule, severity, confidence, message in cells(text, "Run"):
        fields = {"id": rule.strip("`"), "severity": severity, "confidence": confidence, "message": message}
        finding = Finding.model_validate(
            {**fields, "confidence": float(confidence), "evidence": (), "recommendation": ""}
        )
        found.setdefault(run, []).append(finding)
    answers = _ANSWER.findall(text)
    return [Seen(one, tuple(found.get(one.name, ())), answers[-1]) for one in SCENARIOS]


def _per_rule(seen: Sequence[Seen]) -> list[str]:
    healthy = [one for one in seen if one.scenario in HEALTHY]
    rows = [
        (
            "",
            "Rule",
            "Reported where it must be",
            "Also reported, truly",
            "False alarms",
            "Silent on healthy runs",
        )
    ]
    for number, rule in enumerate(IDS, start=1):
        marks = [one.mark(rule) for one in seen]
        must = marks.count("hit") + marks.count("missed")
        silent = sum(one.mark(rule) == "silent" for one in healthy)
        counts = (f"{marks.count('hit')} of {must}", str(marks.count("also")), str(marks.count("false")))
        rows.append((str(number), f"`{rule}`", *counts, f"{silent} of {len(healthy)}"))
    return table(*rows)


def _matrix(seen: Sequence[Seen], numbers: Mapping[str, str]) -> list[str]:
    rows = [(one.scenario.name, *(_MARKS[one.mark(rule)] for rule in numbers)) for one in seen]
    return table(("Scenario", *numbers.values()), *rows)


def _reported(seen: Sequence[Seen]) -> list[str]:
    rows: Iterable[tuple[str, ...]] = (
        (one.scenario.name, f"`{f.id}`", f.severity, f"{f.confidence:.2f}", f.message.replace("|", "/"))
        for one in seen
        for f in one.findings
    )
    return table(("Run", "Finding", "Severity", "Confidence", "Message"), *rows)
