"""From a request to the script that k6 runs, and to the part of the request that may be stored."""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from k6_mcp.models.request import LoadTest
from k6_mcp.models.run import Asked
from k6_mcp.models.script import Origin, Script
from k6_mcp.redaction import MASK, literals_in, mask_known, redact_text, redact_url
from k6_mcp.scripts.endpoints import endpoints, imported
from k6_mcp.scripts.presets import DEFAULT_PRESET
from k6_mcp.scripts.script_file import read_script_file
from k6_mcp.scripts.secret_values import Environment, is_secret_header, json_text, masked_body
from k6_mcp.scripts.url_script import request_name, url_script
from k6_mcp.scripts.wrapper import ENTRY, SCRIPT, file_specifier, wrapper_files


def render(test: LoadTest, script_dirs: Sequence[Path] = ()) -> Script:
    """Return the script with its wrapper, ready for a runner; reads `script_file`, writes nothing.

    Raises:
        InvalidArguments: If `script_file` isn't a readable script, or a secret or variable is too large
            for k6.
        LimitExceeded: If `script_file` is outside `script_dirs`, unless there are none.
    """
    environment = Environment(test.env)
    source_path: str | None = None
    files: dict[str, str] = {}
    specifier, folder = f"./{SCRIPT}", None
    if test.script_file is not None:
        source_path, text = read_script_file(test.script_file, script_dirs)
        specifier, folder = file_specifier(source_path), Path(source_path).parent
    else:
        text = (
            test.script.removeprefix("\ufeff") if test.script is not None else url_script(test, environment)
        )
        files[SCRIPT] = text
    secrets = literals_in(text).union(*map(literals_in, imported(text, folder)))
    return Script(
        origin=origin(test),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        files={**files, **wrapper_files(test, specifier, _endpoints(test, text, folder, secrets))},
        entry=ENTRY,
        source_path=source_path,
        env=environment.values(),
        secrets=secrets,
    )


def asked(test: LoadTest) -> Asked:
    """Return what was asked for with every secret masked; of `env` only the names.

    A field of `Asked` that bears the name of an argument has its value, unless it is shown otherwise here.
    """
    generated = test.url is not None
    return Asked.model_validate(
        {name: getattr(test, name) for name in Asked.model_fields.keys() & LoadTest.model_fields.keys()}
        | {
            "origin": origin(test),
            "url": redact_url(test.url) if test.url is not None else None,
            "preset": (test.preset or DEFAULT_PRESET) if generated else None,
            "method": test.method if generated else None,
            "headers": {name: _shown_header(name, value) for name, value in test.headers.items()},
            "body": _shown_body(test),
            "env_names": tuple(test.env),
            "repeat": test.repeat if test.repeat > 1 else None,
        }
    )


def _endpoints(
    test: LoadTest, text: str, folder: Path | None, secrets: Collection[str]
) -> Sequence[Sequence[object]]:
    if test.url is not None:
        return [[request_name(test)]]
    names = endpoints(text, test.env.keys(), folder)
    # A name with a secret would show it in k6's figures
    return [
        name
        for name in names
        if not any(isinstance(part, str) and mask_known(part, secrets) != part for part in name)
    ]


def origin(test: LoadTest) -> Origin:
    """Return where the script of a test comes from."""
    if test.url is not None:
        return "preset"
    return "file" if test.script_file is not None else "text"


def _shown_header(name: str, value: str) -> str:
    if not is_secret_header(name, value):
        return value
    shown = redact_text(value)
    return shown if shown != value else MASK


def _shown_body(test: LoadTest) -> str | None:
    if test.body is None:
        return None
    return masked_body(test.body, test.body if isinstance(test.body, str) else json_text(test.body))
