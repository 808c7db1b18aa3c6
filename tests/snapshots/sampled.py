"""A service whose k6 always makes the same run: that of `lab.sample_runs`."""

from pathlib import Path

from pydantic import SecretStr

from k6_mcp.models.outcome import Emit, Outcome, RecordLine, Started
from k6_mcp.models.plan import Planned, RunPlan
from k6_mcp.settings import Settings
from lab.sample_runs import NOW, RECORD, ended_well, plan
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6

_THRESHOLDS = (("http_req_duration", "p(95)<500"), ("http_req_failed", "rate<0.05"), ("checks", "rate>0.9"))


class SampledK6(ScriptedK6):
    """Makes the sample run of every script, at once."""

    def __init__(self) -> None:
        super().__init__(log="level=info msg=ready\n")
        self._planned = Planned(plan(*_THRESHOLDS), SecretStr("{}"), "1.1.0")

    async def run(self, work: RunPlan, emit: Emit) -> Outcome:
        emit(Started(at=NOW))
        for line in RECORD:
            emit(RecordLine(line=line))
        return ended_well()


def sampled_settings(folder: Path) -> Settings:
    """Return settings that keep everything in `folder`."""
    return Settings(results_dir=folder, database=folder / "history.db")
