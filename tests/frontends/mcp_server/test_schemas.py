"""The kept schemas are those of the models."""

import json

from k6_mcp.frontends.mcp_server import schemas
from k6_mcp.frontends.mcp_server.tools import all_tools
from tests.frontends.mcp_server.keep_schemas import UNOPENED, made_anew


def test_the_kept_schemas_are_those_of_the_models() -> None:
    assert json.loads(schemas.FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(made_anew())), (
        "call `make schemas`"
    )


def test_a_start_makes_no_schema() -> None:
    all_tools(UNOPENED)
    assert not schemas.kept.made
