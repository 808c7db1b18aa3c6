"""The shell commands of README and docs, as a reader would type them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

_SHELL = re.compile(r"^```sh\n(.+?)^```$", re.MULTILINE | re.DOTALL)
_CONTINUED = re.compile(r" \\\n\s*")
_COMMENT = re.compile(r"\s{2,}# .*$")


def commands(page: str) -> Iterator[str]:
    """Yield each command of the page at this path, without its comment."""
    for block in _SHELL.findall((ROOT / page).read_text(encoding="utf-8")):
        for line in _CONTINUED.sub(" ", block).splitlines():
            yield _COMMENT.sub("", line)
