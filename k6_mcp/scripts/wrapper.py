"""The files around a script, with which k6 uses the caller's options and stores its figures.

They rely on handleSummary (see k6's documentation).
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from k6_mcp.models.request import LoadTest
from k6_mcp.models.run_folder import OWN_NAMES, RunFile
from k6_mcp.scripts.javascript import Code
from k6_mcp.scripts.load import asked_load
from k6_mcp.scripts.statuses import expected_arguments
from k6_mcp.scripts.templates import fill
from k6_mcp.scripts.thresholds import asked_thresholds

ENTRY, SCRIPT = RunFile.WRAPPER_MAIN.value, RunFile.SCRIPT.value
_SUMMARY = RunFile.SUMMARY.value
OURS = (_SUMMARY, *sorted(OWN_NAMES - {_SUMMARY}))
"""The names in a run's folder that a script's handleSummary can't write; our summary's file comes first."""


def file_specifier(path: str) -> str:
    """Return a specifier to import a script at an absolute path; k6 would decode `%` in a plain path."""
    return f"file://{quote(path)}"


def wrapper_files(
    test: LoadTest, specifier: str, endpoints: Sequence[Sequence[object]] = ()
) -> Mapping[str, str]:
    """Return the wrapper of the script that `specifier` names, by file name; k6 starts `ENTRY`.

    `endpoints` are the request names for which k6 keeps figures, each as its parts (see `scripts.endpoints`).
    """
    # A generated script already contains everything that the caller requested
    generated = test.url is not None
    statuses = None if generated or not test.expected_statuses else expected_arguments(test.expected_statuses)
    main = fill(
        "_main",
        specifier=specifier,
        requested={} if generated else _requested(test),
        endpoints=endpoints,
        statuses_import=Code('\nimport http from "k6/http";' if statuses else ""),
        statuses_call=Code(
            f"\n\nhttp.setResponseCallback(http.expectedStatuses({statuses}));" if statuses else ""
        ),
    )
    return {
        ENTRY: main,
        RunFile.WRAPPER_GIVEN: fill("_given"),
        RunFile.WRAPPER_METRICS: fill("_metrics"),
        RunFile.WRAPPER_GUARD: fill("_guard", ours=OURS),
        RunFile.WRAPPER_OPTIONS: fill("_options"),
    }


def _requested(test: LoadTest) -> Mapping[str, object]:
    requested = {
        "load": asked_load(test),
        "override": test.override_load,
        "thresholds": asked_thresholds(test),
        "tags": test.tags,
    }
    return {name: value for name, value in requested.items() if value}
