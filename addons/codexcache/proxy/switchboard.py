"""Many rooms with hooks, one addon.

mitmproxy asks every addon for the hook of every event, and for one more behind it (`update`). A turn has some twenty
events and each frame of a WebSocket two, so a dozen rooms would cost more in being asked than most of them do in
answering. Here each event finds those that want it at once.
"""

from collections.abc import Callable, Iterable
from typing import Any

from mitmproxy import hooks

type Hook = Callable[..., None]


def connect(addon: object, rooms: Iterable[object]) -> None:
    """Give an addon each hook that one of its rooms has; it calls theirs, in order."""
    for name in hooks.all_hooks:
        wanted = [getattr(room, name) for room in rooms if hasattr(room, name)]
        if wanted:
            setattr(addon, name, wanted[0] if len(wanted) == 1 else _in_order(wanted))


def _in_order(wanted: list[Hook]) -> Hook:
    def hook(*arguments: Any) -> None:
        for each in wanted:
            each(*arguments)

    return hook
