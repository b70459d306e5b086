"""All faults, in their order."""

from codex_faults import backend, clients, journals, lifetimes
from codex_faults.fault import Fault


def catalogue() -> dict[str, Fault]:
    """Returns all faults by name."""
    rooms = (backend, clients, journals, lifetimes)
    return {fault.name: fault for room in rooms for fault in room.faults()}
