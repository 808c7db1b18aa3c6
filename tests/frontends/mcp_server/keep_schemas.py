"""Renews `schemas.json`: the schemas of all tools' arguments and answers, made out of the models."""

import json
from typing import Any, cast

from k6_mcp.frontends.mcp_server import schemas
from k6_mcp.frontends.mcp_server.service_opening import OpenedService
from k6_mcp.frontends.mcp_server.tools import all_tools

# Listing tools needs no service
UNOPENED = cast("OpenedService", None)


def made_anew() -> dict[str, Any]:
    """Return the schema of every model that the tools need, by its full name."""
    before, schemas.kept = schemas.kept, schemas.KeptSchemas(None)
    try:
        all_tools(UNOPENED)
        return schemas.kept.made
    finally:
        schemas.kept = before


if __name__ == "__main__":
    # Indented, so that a change of a model is a readable change here.
    text = json.dumps(dict(sorted(made_anew().items())), indent=1, ensure_ascii=False)
    schemas.FILE.write_text(f"{text}\n", encoding="utf-8")
