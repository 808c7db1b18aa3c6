"""One load test and what its run must report."""

from dataclasses import dataclass

from k6_mcp.models.failures import FailureKind
from k6_mcp.models.run import Status

GET = "http.get('{target}/ok');"


@dataclass(frozen=True, slots=True)
class Case:
    """One script and the run it must become.

    `says` are texts in the failure, `warns` are codes of required warnings, and `silent` are codes of
    warnings that must not come.

    `requests` is how many requests the figures must show, None where it depends on timing.
    """

    name: str
    source: str
    status: Status = "failed"
    kind: FailureKind | None = None
    also: tuple[FailureKind, ...] = ()
    says: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    requests: int | None = None
    has_figures: bool = True


def script(default: str, options: str = "{ iterations: 3 }", rest: str = "") -> str:
    """Return a script with what most cases import."""
    return f"""
import http from 'k6/http';
import exec from 'k6/execution';
import {{ check, fail, sleep }} from 'k6';
import {{ Counter, Gauge, Rate, Trend }} from 'k6/metrics';
export const options = {options};
export default function () {{ {default} }}
{rest}
"""


def websocket(url: str) -> str:
    """Return a script that opens WebSockets at `url`, a JavaScript expression, and nothing else."""
    return (
        "import ws from 'k6/ws';\nexport const options = { iterations: 3 };\n"
        f"export default function () {{ ws.connect({url}, {{}}, (socket) => socket.close()); }}\n"
    )
