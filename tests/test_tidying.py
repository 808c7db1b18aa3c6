"""A running server removes old runs by itself."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from k6_mcp.app import open_app
from k6_mcp.models.retention import Retention
from k6_mcp.settings import Settings
from tests.history.samples import a_run, open_history
from tests.k6.processes import until


async def test_a_server_removes_runs_beyond_the_limits_after_its_start(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k6_mcp.service.load_tests._TIDY_AFTER_S", 0.0)
    now = datetime.now(UTC)
    old, young = (a_run().model_copy(update={"created_at": now - timedelta(days=days)}) for days in (31, 29))
    async with open_history(tmp_path) as history:
        for run in (old, young):
            await history.save(run)
    limited = dataclasses.replace(settings, retention=Retention(days=30))
    async with open_app(limited) as service:
        await until(
            lambda: not (settings.results_dir / "runs" / old.run_id).exists(), "the removal of the old run"
        )
        health = await service.maintenance.health()

    assert (settings.results_dir / "runs" / young.run_id).exists()
    assert any(part.name == "retention" and "30 days" in part.detail for part in health.components)


async def test_the_environment_sets_the_limits_of_the_server() -> None:
    names = ("K6_MCP_RETENTION_DAYS", "K6_MCP_RETENTION_RUNS", "K6_MCP_RETENTION_MB")

    set_ = Settings.from_environment({"HOME": "/x", **dict(zip(names, ("30", "500", "2000"), strict=True))})
    unlimited = Settings.from_environment({"HOME": "/x", **dict.fromkeys(names, "0")})

    assert set_.retention == Retention(days=30, runs=500, size_bytes=2_000_000_000)
    assert unlimited.retention == Retention(days=None, runs=None, size_bytes=None)
    assert Settings.from_environment({"HOME": "/x"}).retention == Retention(
        days=365, runs=100_000, size_bytes=10_000_000_000
    )
