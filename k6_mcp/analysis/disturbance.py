"""How far other work on the machine may have slowed a run down: k6's waiting for a CPU, held against the latency that it measured.

What k6 waits on the way of a request is part of the latency that it reports. All that its threads waited, shared out among the
requests, is an upper estimate of it, the coarser the fewer requests there are a second (threads also wait that serve no request). A target on
the same machine waits about as long, and nothing tells that.
"""

from k6_mcp.models.metrics import Metrics


def waited_ms(metrics: Metrics) -> float | None:
    """Return the ms per request that k6 waited for a CPU, with what the hypervisor took; None where the system did not tell."""
    generator, requests = metrics.generator, metrics.figures.requests
    if generator is None or generator.cpu_wait_s is None or not requests:
        return None
    return (generator.cpu_wait_s + (generator.steal_s or 0.0)) * 1000 / requests


def waited_share(metrics: Metrics) -> float | None:
    """Return `waited_ms` as a share of the average latency, None where there is neither."""
    waited, latency = waited_ms(metrics), metrics.figures.latency
    return waited / latency.avg_ms if waited is not None and latency and latency.avg_ms > 0 else None
