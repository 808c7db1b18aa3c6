"""A kept run is read once for all that is shown of it."""

from k6_mcp.history.history import History
from k6_mcp.models.argument_rules import parse_load_test
from k6_mcp.models.run import Run
from k6_mcp.service.load_tests import LoadTests
from k6_mcp.settings import Settings
from k6_mcp.workspace.workspace import Workspace
from tests.frontends.mcp_server.scripted_k6 import ScriptedK6, open_scripted


class _Counting(History):
    """A history that counts the runs that were read from it."""

    reads = 0

    async def get(self, run_id: str) -> Run | None:
        self.reads += 1
        return await super().get(run_id)


async def test_a_caller_that_has_the_run_gets_its_details_without_another_read(settings: Settings) -> None:
    k6 = ScriptedK6(log="k6 was here")
    k6.finish()
    async with open_scripted(settings, k6) as service:
        test = parse_load_test({"script": "export default function () {}", "vus": 1, "duration": "10s"})
        run_id = (await service.execute(test, wait_s=30)).run_id
    workspace = Workspace(settings.results_dir)
    history = _Counting(workspace, settings.database)
    async with LoadTests(k6, workspace, history, settings) as service:
        run = await service.wait(run_id, 10)
        assert history.reads == 1
        assert run.status == "completed"
        assert "k6 was here" in await service.log(run)
        assert "export default" in await service.script(run)
        await service.timeline(run)
        assert history.reads == 1
        assert await service.log(run_id) == await service.log(run)
        assert history.reads == 2
