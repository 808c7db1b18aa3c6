"""Whether other work on the machine held k6 up, and how much that may have added to its latencies.

k6's threads also wait on an idle machine, for each other: measured there, they waited up to about three
quarters of the time in which they wanted a CPU, at any rate of requests and at full speed. From `HELD_UP` on,
latency was no longer the target's own (docs/comparison.md).
"""

from k6_mcp.models.metrics import Generator, Metrics

# Share of the time in which threads had or wanted a CPU
HELD_UP = 0.85


def waiting_share(metrics: Metrics) -> float | None:
    """Return the share of the time in which k6's threads wanted a CPU but had none.

    None if the system did not report it.
    """
    generator = metrics.generator
    waited_s = _waited_s(generator)
    return waited_s / (waited_s + generator.cpu_s) if generator is not None and waited_s is not None else None


def waited_ms(metrics: Metrics) -> float | None:
    """Return how long k6's threads waited per request, in ms; None if the system did not report it.

    It is an upper estimate of what the wait added to a request, since not every thread serves a request. It
    is coarser the fewer requests there are per second.
    """
    waited_s, requests = _waited_s(metrics.generator), metrics.figures.requests
    return waited_s * 1000 / requests if waited_s is not None and requests else None


def held_up(metrics: Metrics) -> float:
    """Return `waited_ms` as a share of the average latency if other work held k6 up, otherwise 0."""
    share, waited, latency = waiting_share(metrics), waited_ms(metrics), metrics.figures.latency
    if share is None or share < HELD_UP or waited is None or latency is None or not latency.avg_ms:
        return 0.0
    return waited / latency.avg_ms


def _waited_s(generator: Generator | None) -> float | None:
    """Return the seconds that k6 waited, plus the time that the hypervisor took.

    The latter are waits that no schedule shows.
    """
    if generator is None or generator.cpu_wait_s is None:
        return None
    return generator.cpu_wait_s + (generator.steal_s or 0.0)
