"""The files that a script's handleSummary left in the run's folder; only secrets are changed."""

import contextlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import cast

from k6_mcp.models.run_folder import OWN_NAMES, RunFolder
from k6_mcp.redaction import MASK, mask_known, redact_said, redact_text

_LARGEST_BYTES, _LONGEST_LOOKED_AT = 5_000_000, 1_000_000
_MOST_FILES = 100
_DEEPEST = 4


def seal_own_files(folder: RunFolder, secrets: Collection[str]) -> None:
    """Remove the secrets from the texts among the script's own files, up to 5 MB each.

    JSON stays JSON. A file that cannot be rewritten stays as it is.
    """
    for number, path in enumerate(_own_files(folder)):
        if number == _MOST_FILES:
            return
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if path.stat().st_size > _LARGEST_BYTES:
                continue
            text = path.read_bytes().decode()
            if "\0" not in text and (masked := _masked(text, secrets)) != text:
                path.write_bytes(masked.encode())


def _own_files(folder: RunFolder) -> Iterator[Path]:
    """Yield every regular file that neither we nor k6 itself made; links are not followed."""
    for parent, folders, files in os.walk(folder.path):
        here = Path(parent)
        depth = len(here.relative_to(folder.path).parts)
        ours = OWN_NAMES if depth == 0 else frozenset[str]()
        folders[:] = [name for name in folders if depth < _DEEPEST and name not in ours]
        yield from (
            here / name
            for name in files
            if name not in ours and not (here / name).is_symlink() and (here / name).is_file()
        )


def _masked(text: str, secrets: Collection[str]) -> str:
    # In long texts, only known secrets are masked. A search for text that looks like a secret would take too
    # long.
    masked = redact_text(text, secrets) if len(text) <= _LONGEST_LOOKED_AT else mask_known(text, secrets)
    if masked == text or text.lstrip()[:1] not in ("{", "["):
        return masked
    try:
        document = cast(object, json.loads(text))
    except (ValueError, RecursionError):
        return masked
    try:
        json.loads(masked)
    except ValueError:
        # A secret was in a place where JSON has no quotes, such as a number.
        with contextlib.suppress(RecursionError):
            return json.dumps(_masked_value(document, secrets), ensure_ascii=False, indent=2)
    return masked


def _masked_value(value: object, secrets: Collection[str]) -> object:
    if isinstance(value, Mapping):
        items = cast(Mapping[str, object], value).items()
        return {mask_known(name, secrets): _masked_value(one, secrets) for name, one in items}
    if isinstance(value, list):
        return [_masked_value(one, secrets) for one in cast(list[object], value)]
    if isinstance(value, str):
        return redact_said(value, secrets)
    written = json.dumps(value)
    return MASK if mask_known(written, secrets) != written else value
