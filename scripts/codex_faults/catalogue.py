"""All faults, in their order."""

from codex_faults import backend_faults, client_faults, journal_faults, proxy_faults
from codex_faults.fault import Fault

MODULES = (backend_faults, client_faults, journal_faults, proxy_faults)


def catalogue() -> dict[str, Fault]:
    """Return all faults by name."""
    return {fault.name: fault for module in MODULES for fault in module.faults()}
