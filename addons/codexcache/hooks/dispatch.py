"""Many rooms with hooks, one addon.

mitmproxy asks every addon for the hook of every event, and for one more behind it (`update`). A turn has some twenty
events and each frame of a WebSocket two, so a dozen rooms would cost more in being asked than most of them do in
answering. Here each event finds those that want it at once.

A hook never raises, and neither does an awaitable it returns: mitmproxy would send a half-made change.
But what is wrong with an option is for mitmproxy to say, except while it loads the script: then it shows a traceback.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from mitmproxy import ctx, exceptions, hooks

from .errors import InternalErrors

logger = logging.getLogger(__name__)

type Hook = Callable[..., Awaitable[None] | None]


class HookDispatcher:
    """An addon that has each hook which one of its rooms has; it calls theirs, in order."""

    def __init__(self, name: str, rooms: Iterable[object], faults: InternalErrors) -> None:
        self.name = name
        for event in hooks.all_hooks:
            if wanted := [getattr(room, event) for room in rooms if hasattr(room, event)]:
                setattr(self, event, _hook(event, wanted, faults))


def _hook(event: str, wanted: Sequence[Hook], faults: InternalErrors) -> Hook:
    if event == "load":
        return _raising(wanted)
    return _configuring(_raising(wanted)) if event == "configure" else _guarded(event, wanted, faults)


def _raising(wanted: Sequence[Hook]) -> Hook:
    def hook(*arguments: Any) -> None:
        for each in wanted:
            each(*arguments)

    return hook


def _configuring(configure: Hook) -> Hook:
    def hook(updated: set[str]) -> None:
        try:
            configure(updated)
        except exceptions.OptionsError as error:
            if updated < ctx.options.keys():
                raise
            logger.error(str(error))  # all options are new at the start, where an error ends mitmproxy

    return hook


def _guarded(event: str, wanted: Sequence[Hook], faults: InternalErrors) -> Hook:
    where = f"the {event} hook"

    async def rest(waiting: Awaitable[None], rooms: Sequence[Hook], arguments: tuple[Any, ...]) -> None:
        """Wait for one room, then ask those behind it, one after the other."""
        with faults.noted(where):
            await waiting
        for each in rooms:
            with faults.noted(where):
                if (more := each(*arguments)) is not None:
                    await more

    def hook(*arguments: Any) -> Awaitable[None] | None:
        for place, each in enumerate(wanted, 1):
            try:
                waiting = each(*arguments)
            except Exception as error:
                faults.note(where, error)
            else:
                if waiting is not None:
                    return rest(waiting, wanted[place:], arguments)
        return None

    return hook
