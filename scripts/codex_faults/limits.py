"""How many descriptors this process and the proxies that it starts may have open."""

import sys

if sys.platform != "win32":
    import resource


def raise_descriptors() -> None:
    """Raises the limit as far as the system lets anyone: a thousand streams take several thousand."""
    if sys.platform != "win32":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
