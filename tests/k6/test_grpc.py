"""gRPC calls are counted by status as the target saw them, and nothing of that shows where there are none."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from k6_mcp.analysis.measure.record import Record
from k6_mcp.analysis.measure.summary import read
from k6_mcp.models.metrics import Metrics
from k6_mcp.settings import Settings
from lab.grpc_target import PROTO, GrpcTarget, open_grpc_target
from lab.target import Target
from tests.k6.grpc_cases import script
from tests.k6.measured import measure
from tests.k6.scripted import ran

_HANDLER = (
    "export function handleSummary(data) { return { 'own.json': JSON.stringify(Object.keys(data.metrics))"
    " }; }"
)


@pytest.fixture
def grpc() -> Iterator[GrpcTarget]:
    with open_grpc_target() as running:
        yield running


def _filled(source: str, grpc: GrpcTarget) -> str:
    return source.replace("{grpc}", grpc.address).replace("{proto}", str(PROTO.parent))


def _by_status(metrics: Metrics) -> dict[int | None, int]:
    return {row.status: row.count for row in metrics.grpc}


async def test_every_status_is_counted_as_the_target_saw_it(settings: Settings, grpc: GrpcTarget) -> None:
    asked = (
        "for (let status = 0; status <= 16; status += 1) { for (let n = 0; n <= status % 3; n += 1) call({"
        " status }); }"
    )

    run = await ran(settings, script=_filled(script(asked), grpc))

    assert _by_status(read(run.outcome, Record(), run.plan)) == dict(grpc.calls)
    assert len(grpc.calls) == 17


async def test_statuses_that_grpc_does_not_define_are_counted_together(
    settings: Settings, grpc: GrpcTarget
) -> None:
    run = await ran(
        settings, script=_filled(script("call({ status: 17 }); call({ status: 99 }); call({});"), grpc)
    )

    metrics = read(run.outcome, Record(), run.plan)

    assert _by_status(metrics) == {0: 3, None: 6}
    assert [row.told for row in metrics.grpc] == ["3x OK (0)", "6x not defined by gRPC"]


async def test_statuses_are_counted_where_the_system_tags_of_a_script_leave_them_out(
    settings: Settings, grpc: GrpcTarget
) -> None:
    source = script("call({ status: 7 });").replace("iterations: 3,", "iterations: 3, systemTags: ['url'],")

    run = await ran(settings, script=_filled(source, grpc))

    assert _by_status(read(run.outcome, Record(), run.plan)) == {7: 3}


async def test_without_the_summary_that_counts_them_it_is_said_that_they_are_not_known(
    settings: Settings, grpc: GrpcTarget, tmp_path: Path
) -> None:
    measurement = await measure(
        settings.k6_bin or "", tmp_path, _filled(script("call({ status: 7 });"), grpc)
    )
    exported, recorded = measurement.metrics(summary=None), measurement.metrics(summary=None, export=None)

    assert (exported.source, recorded.source, exported.grpc, recorded.grpc) == ("export", "record", (), ())
    assert any(
        text.startswith("statuses_incomplete: 3 gRPC calls not broken down by status")
        for text in exported.warnings
    )
    assert any("it has no statuses of gRPC calls" in text for text in recorded.warnings)
    assert not any("gRPC" in text for text in measurement.metrics().warnings)


async def test_a_script_sees_of_its_own_sub_metrics_what_it_asked_for_and_no_other(
    settings: Settings, grpc: GrpcTarget
) -> None:
    asked = "{ 'grpc_req_duration{status:14}': ['max<60000'], 'grpc_req_duration{status:5}': [] }"

    run = await ran(settings, script=_filled(script("call({ status: 14 });", asked, _HANDLER), grpc))
    seen = json.loads((run.folder / "own.json").read_text(encoding="utf-8"))
    metrics = read(run.outcome, Record(), run.plan)

    wanted = ["grpc_req_duration", "grpc_req_duration{status:14}", "grpc_req_duration{status:5}"]
    assert sorted(name for name in seen if name.startswith("grpc_req")) == wanted
    assert [row.name for row in metrics.rows if row.name.startswith("grpc_req")] == wanted
    assert [(t.metric, t.ok, t.has_samples) for t in metrics.thresholds] == [
        ("grpc_req_duration{status:14}", True, True)
    ]
    assert _by_status(metrics) == {14: 3}


async def test_a_script_without_grpc_has_nothing_of_it(settings: Settings, target: Target) -> None:
    source = "import http from 'k6/http';\nexport const options = { iterations: 2 };\n"
    source += f"export default function () {{ http.get('{target.url('/ok')}'); }}\n{_HANDLER}"

    run = await ran(settings, script=source)
    metrics = read(run.outcome, Record(), run.plan)

    assert "grpc" not in (run.folder / "own.json").read_text(encoding="utf-8")
    assert "grpc" not in (run.outcome.export or "")
    assert "grpc" not in json.dumps([run.summary["metrics"], run.summary["k6-mcp"]])
    assert (metrics.grpc, run.plan.grpc) == ((), False)


@pytest.mark.parametrize(
    ("specifier", "calling"),
    [
        ("./calls.js", "import grpc from 'k6/net/grpc';"),
        ("./lib/through.js", "import grpc from 'k6/net/grpc';"),
        ("./calls.js", "const grpc = require('k6/net/grpc');"),
    ],
)
async def test_calls_that_a_helper_module_makes_are_counted_and_missed(
    settings: Settings, grpc: GrpcTarget, tmp_path: Path, specifier: str, calling: str
) -> None:
    main = f"import {{ connected }} from '{specifier}';\nexport const options = {{ iterations: 2 }};\n"
    main += "export default function () { connected().invoke('target.Target/Call', { status: 5 }); }\n"
    helper = (
        f"{calling}\nconst client = new grpc.Client();\nclient.load(['{PROTO.parent}'], '{PROTO.name}');\n"
    )
    helper += (
        f"export function connected() {{ client.connect('{grpc.address}', {{ plaintext: true }}); return"
        " client; }\n"
    )
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "through.js").write_text("export * from '../calls.js';\n", encoding="utf-8")
    (tmp_path / "calls.js").write_text(helper, encoding="utf-8")
    (tmp_path / "load.js").write_text(main, encoding="utf-8")

    run = await ran(settings, script_file=str(tmp_path / "load.js"))

    assert _by_status(read(run.outcome, Record(), run.plan)) == {5: 2}
    assert run.plan.grpc
