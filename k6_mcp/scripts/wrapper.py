"""The files around a script that let k6 run it with the caller's options and keep its figures (k6 docs:
handleSummary).
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
    """Return what to import a script at an absolute path by; as a plain path k6 would decode `%` in it."""
    return f"file://{quote(path)}"


def wrapper_files(
    test: LoadTest, specifier: str, endpoints: Sequence[Sequence[object]] = ()
) -> Mapping[str, str]:
    """Return the wrapper of the script that `specifier` names, by file name; `ENTRY` is what k6 starts.

    `endpoints` are the request names that k6 is to keep figures of, each as its parts (see
    `scripts.endpoints`).
    """
    # A generated script already holds everything that was requested
    generated = test.url is not None
    statuses = None if generated or not test.expected_statuses else expected_arguments(test.expected_statuses)
    main = fill(
        "_main",
        specifier=specifier,
        asked={} if generated else _asked(test),
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


def _asked(test: LoadTest) -> Mapping[str, object]:
    asked = {
        "load": asked_load(test),
        "override": test.override_load,
        "thresholds": asked_thresholds(test),
        "tags": test.tags,
    }
    return {name: value for name, value in asked.items() if value}
