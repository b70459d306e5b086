"""Many rooms with hooks, one addon.

mitmproxy asks every addon for the hook of every event, and for one more behind it (`update`). A turn has some twenty
events and each frame of a WebSocket two, so a dozen rooms would cost more in being asked than most of them do in
answering. Here each event finds those that want it at once.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from mitmproxy import hooks

type Hook = Callable[..., Awaitable[None] | None]


def connect(addon: object, rooms: Iterable[object]) -> None:
    """Give an addon each hook that one of its rooms has; it calls theirs, in order."""
    for name in hooks.all_hooks:
        wanted = [getattr(room, name) for room in rooms if hasattr(room, name)]
        if wanted:
            setattr(addon, name, wanted[0] if len(wanted) == 1 else _in_order(wanted))


def _in_order(wanted: Sequence[Hook]) -> Hook:
    def hook(*arguments: Any) -> Awaitable[None] | None:
        for place, each in enumerate(wanted, 1):
            if (waiting := each(*arguments)) is not None:
                return _after(waiting, wanted[place:], arguments)
        return None

    return hook


async def _after(waiting: Awaitable[None], rest: Sequence[Hook], arguments: tuple[Any, ...]) -> None:
    """Wait for one room before those behind it are called."""
    await waiting
    for each in rest:
        if (more := each(*arguments)) is not None:
            await more
