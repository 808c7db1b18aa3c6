"""A run as text: whole for its backup and row, brief for pages; also read from other versions."""

import zlib
from collections.abc import MutableMapping, MutableSequence
from typing import cast

from pydantic import ValidationError
from pydantic_core import from_json

from k6_mcp.models.metrics import Metrics
from k6_mcp.models.run import Run

_EVIDENCE_ON_PAGES = 3
_NOTICES_ON_PAGES = 5
_LIST_ITEMS_ON_PAGES = 20
# This is zlib's level. A run shrinks to about a fifth at every level.
_FASTEST = 1


def to_brief(run: Run) -> str:
    """Return the fields of a run that a page shows: who, when, how it ended and key figures.

    The plan, the checks and the metric rows are left out.
    """
    brief = run.changed(
        asked=run.asked.changed(headers={}, body=None, stages=None, thresholds={}, slo=None, env_names=()),
        plan=None,
        metrics=run.metrics and _brief_metrics(run.metrics),
        failure=run.failure and run.failure.changed(evidence=run.failure.evidence[:_EVIDENCE_ON_PAGES]),
        warnings=run.warnings[:_NOTICES_ON_PAGES],
    )
    return brief.model_dump_json(exclude_defaults=True)


def _brief_metrics(metrics: Metrics) -> Metrics:
    return metrics.changed(
        checks=(),
        rows=(),
        errors=metrics.errors[:_LIST_ITEMS_ON_PAGES],
        statuses=metrics.statuses[:_LIST_ITEMS_ON_PAGES],
        thresholds=metrics.thresholds[:_LIST_ITEMS_ON_PAGES],
    )


def to_whole(run: Run) -> bytes:
    """Return everything about a run, compressed."""
    return zlib.compress(run.model_dump_json(exclude_defaults=True).encode(), _FASTEST)


def from_whole(document: bytes) -> Run:
    """Return the run that `to_whole` made. Raises ValueError."""
    try:
        return from_text(zlib.decompress(document))
    except zlib.error as error:
        raise ValueError(f"its document is damaged: {error}") from error


def from_text(text: str | bytes) -> Run:
    """Return the run in a JSON text; fields that a newer version added are left out.

    Raises:
        ValueError: If it is not a run.
    """
    try:
        return Run.model_validate_json(text)
    except ValidationError as error:
        unknown = [
            item["loc"]
            for item in error.errors(include_url=False, include_context=False)
            if item["type"] == "extra_forbidden"
        ]
        if not unknown:
            raise
    content = from_json(text)
    for path in unknown:
        _remove(content, path)
    return Run.model_validate(content)


def _remove(content: object, path: tuple[str | int, ...]) -> None:
    for key in path[:-1]:
        if isinstance(content, MutableMapping | MutableSequence):
            content = cast("MutableMapping[str | int, object]", content)[key]
    if isinstance(content, MutableMapping):
        cast("MutableMapping[str | int, object]", content).pop(path[-1], None)
