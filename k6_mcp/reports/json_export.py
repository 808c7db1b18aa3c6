"""Everything about a run as one JSON document for other programs."""

from typing import Literal

from pydantic_core import to_json

from k6_mcp.models.base import Model
from k6_mcp.models.hidden_characters import visible_data
from k6_mcp.models.run import Run
from k6_mcp.models.service_answers import Explanation
from k6_mcp.models.timeline import Timeline
from k6_mcp.models.untrusted import mark


class RunDocument(Model):
    """The document.

    `schema_version` increases when a field is removed or changes its meaning, not when one is added.
    """

    schema_version: Literal[1] = 1
    generator: str
    untrusted: str = mark(("run", "explanation"))
    run: Run
    timeline: Timeline | None
    explanation: Explanation


def run_document(run: Run, timeline: Timeline | None, explanation: Explanation, *, version: str) -> bytes:
    """Return the document, UTF-8; `version` is the version of k6-mcp."""
    generator = f"k6-mcp {version}"
    document = RunDocument(generator=generator, run=run, timeline=timeline, explanation=explanation)
    return to_json(visible_data(document.model_dump(mode="json")), inf_nan_mode="null")
