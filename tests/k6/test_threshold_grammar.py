"""k6 reads a threshold as the grammar here does, in every spelling."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.models.threshold_spellings import LENIENT, REFUSED, SPELLINGS

_SCRIPT = (
    "export const options = {{ thresholds: {{ http_req_duration: [{}] }} }};\nexport default function () {{}}"
)


@pytest.mark.parametrize(("expressions", "accepted"), [(SPELLINGS, True), (LENIENT, False), (REFUSED, False)])
def test_k6_accepts_what_the_grammar_accepts(
    k6_bin: str, tmp_path: Path, expressions: tuple[str, ...], accepted: bool
) -> None:
    assert [text for text in expressions if _accepts(k6_bin, tmp_path, text) is not accepted] == []


def _accepts(k6_bin: str, folder: Path, expression: str) -> bool:
    script = folder / "script.js"
    script.write_text(_SCRIPT.format(json.dumps(expression)))
    command = [k6_bin, "inspect", "--execution-requirements", str(script)]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
