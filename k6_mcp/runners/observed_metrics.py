"""The list of metrics that k6 keeps only because of the wrapper.

The wrapper makes this list in the script's world, and a script can put anything into it.
"""

import re
from collections.abc import Mapping
from typing import cast

_KEPT = re.compile(
    r"(?:http_reqs|ws_sessions|grpc_req_duration|http_req_duration|http_req_failed|browser_\w+)"
    r"\{(?:resource_type:Document,)?(?P<tag>status|name|url):(?P<value>.*)\}",
    re.DOTALL,
)
_VARIABLE = re.compile(r"\\\$\\\{\w+\\\}")


def keep_true(options: Mapping[str, object]) -> None:
    """Drop the false entries from the list in k6's consolidated `options`.

    An entry is false if it shows a metric as another one, or if the wrapper does not watch its metric.
    """
    ours = options
    for name in ("ext", "k6-mcp", "observed"):
        found = ours.get(name)
        if not isinstance(found, dict):
            return
        ours = cast(dict[str, object], found)
    metrics = ours.get("metrics")
    listed = cast(list[object], metrics) if isinstance(metrics, list) else []
    ours["metrics"] = [one for one in listed if _is_true(one)]


def _is_true(listed: object) -> bool:
    if not isinstance(listed, Mapping):
        return False
    one = cast(Mapping[str, object], listed)
    real, shown = one.get("real"), one.get("shown")
    if not isinstance(real, str) or not isinstance(shown, str) or (watched := _KEPT.fullmatch(real)) is None:
        return False
    # The value of a variable is shown as its name.
    as_shown = _VARIABLE.sub(".*", re.escape(shown)) if watched["tag"] == "name" else re.escape(shown)
    return re.fullmatch(as_shown, real, re.DOTALL) is not None
