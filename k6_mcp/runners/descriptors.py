"""How many files and sockets this process may hold open."""

import resource

_UNLIMITED = 65_536


def most_descriptors() -> int:
    """Return the limit of open descriptors of this process (`ulimit -n`)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _UNLIMITED if soft == resource.RLIM_INFINITY else soft
