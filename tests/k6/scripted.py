"""Runs what `scripts` renders with a real k6, and nothing above it."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.outcome import Outcome
from k6_mcp.models.plan import Plan, Planned, RunPlan
from k6_mcp.models.run_folder import RunFolder
from k6_mcp.runners.launcher import Launcher
from k6_mcp.runners.local import LocalRunner
from k6_mcp.scripts.render import render
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace

RUN_ID = "r-script-test"
_DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished k6 process: its outcome and what the script's own handleSummary left in the run's folder."""

    plan: Plan
    outcome: Outcome
    folder: Path

    @property
    def summary(self) -> dict[str, object]:
        """Our summary, parsed; fails when there is none."""
        assert self.outcome.summary is not None
        return cast(dict[str, object], json.loads(self.outcome.summary))

    def counted(self, metric: str) -> float:
        """Return the count of a counter in our summary."""
        metrics = cast(dict[str, dict[str, dict[str, float]]], self.summary["metrics"])
        return metrics[metric]["values"]["count"]

    def logged(self) -> str:
        """Return every distinct log message."""
        return "\n".join(message.text for message in self.outcome.log.messages)


async def planned(settings: Settings, **arguments: object) -> Planned | Outcome:
    """Return k6's plan of a request."""
    with closing(LocalRunner(Launcher(Workspace(settings.results_dir), settings.k6_bin, ""))) as runner:
        return await runner.plan(RUN_ID, render(parse_load_test(arguments)))


async def accepted(settings: Settings, **arguments: object) -> Plan:
    """Return k6's plan of a request that k6 accepts."""
    plan = await planned(settings, **arguments)
    assert isinstance(plan, Planned), plan.log
    return plan.plan


async def refused(settings: Settings, **arguments: object) -> str:
    """Return why k6 refuses a request."""
    outcome = await planned(settings, **arguments)
    assert isinstance(outcome, Outcome), "k6 accepted it"
    return outcome.log.cause or ""


async def ran(settings: Settings, **arguments: object) -> Ran:
    """Run a request to its end."""
    script = render(parse_load_test(arguments))
    with closing(LocalRunner(Launcher(Workspace(settings.results_dir), settings.k6_bin, ""))) as runner:
        plan = await runner.plan(RUN_ID, script)
        assert isinstance(plan, Planned), plan.log
        run_plan = RunPlan(RUN_ID, script, plan.plan, plan.options, plan.k6_version, _DEADLINE_S)
        outcome = await runner.run(run_plan, lambda event: None)
    return Ran(plan.plan, outcome, RunFolder(settings.results_dir, RUN_ID).path)
