"""Runs as text, also of other versions."""

import json

import pytest

from k6_mcp.models.metrics import Generator
from k6_mcp.models.run import Notice, Run
from k6_mcp.workspace.documents import from_text, from_whole, to_brief, to_whole
from tests.history.samples import a_run


def test_a_whole_document_is_the_run() -> None:
    run = a_run(status="failed", failure_kind="no_samples", error_rate=None)

    assert from_whole(to_whole(run)) == run


def test_what_a_newer_version_added_is_left_out() -> None:
    run = a_run()
    content = json.loads(run.model_dump_json())
    content["cost"] = 1
    content["metrics"]["figures"]["apdex"] = 0.9
    content["metrics"]["rows"][0]["unit"] = "ms"

    assert from_text(json.dumps(content)) == run


def test_a_run_kept_before_waits_for_a_cpu_were_counted_is_read() -> None:
    run = a_run()
    assert run.metrics is not None
    content = json.loads(run.model_dump_json())
    content["metrics"]["generator"] = {"cpu_s": 1.5, "cores": 2, "cpu_share": 0.1}

    older = Generator(cpu_s=1.5, cores=2, cpu_share=0.1)
    assert from_text(json.dumps(content)) == run.model_copy(
        update={"metrics": run.metrics.model_copy(update={"generator": older})}
    )


def test_what_a_newer_version_changed_is_no_run() -> None:
    content = json.loads(a_run().model_dump_json()) | {"status": "paused", "cost": 1}
    with pytest.raises(ValueError, match="status"):
        from_text(json.dumps(content))


@pytest.mark.parametrize("document", [b"", b"{}", to_whole(a_run())[:-9]])
def test_a_damaged_document_is_no_run(document: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        from_whole(document)


def test_a_brief_stays_small_whatever_the_run_said() -> None:
    run = a_run(status="failed", failure_kind="script_error")
    assert run.failure is not None and run.metrics is not None
    talkative = run.model_copy(
        update={
            "failure": run.failure.model_copy(update={"evidence": ("x" * 200,) * 100}),
            "warnings": (Notice(code="a", message="y" * 100),) * 100,
            "metrics": run.metrics.model_copy(
                update={"rows": run.metrics.rows * 1000, "statuses": run.metrics.statuses * 500}
            ),
        }
    )

    assert len(to_brief(talkative)) < 6_000
    assert Run.model_validate_json(to_brief(run)).failure == run.failure
