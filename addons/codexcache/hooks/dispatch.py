"""Calls the hooks of many parts, as one addon.

mitmproxy asks every addon for the hook of every event, and for one more after it (`update`). A turn has some twenty
events and each frame of a WebSocket two, so asking a dozen addons would cost more than most of them do. Here the
parts that have a hook are looked up once, at the start.

No hook raises, and neither does an awaitable it returns, but for two: `load`, and `configure` for a bad option, which
mitmproxy reports. While it loads the script, it would show a traceback, so then the error is logged.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from mitmproxy import ctx, exceptions, hooks

from .errors import InternalErrors

logger = logging.getLogger(__name__)

type Hook = Callable[..., Awaitable[None] | None]


class HookDispatcher:
    """An addon with every hook that one of its parts has; it calls theirs, in order."""

    def __init__(self, name: str, parts: Iterable[object], errors: InternalErrors) -> None:
        self.name = name
        parts = list(parts)
        for event in hooks.all_hooks:
            if found := [getattr(part, event) for part in parts if hasattr(part, event)]:
                setattr(self, event, _hook(event, found, errors))


def _hook(event: str, found: Sequence[Hook], errors: InternalErrors) -> Hook:
    if event == "load":
        return _raising(found)
    return _configuring(_raising(found)) if event == "configure" else _guarded(event, found, errors)


def _raising(found: Sequence[Hook]) -> Hook:
    def hook(*arguments: Any) -> None:
        for each in found:
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


def _guarded(event: str, found: Sequence[Hook], errors: InternalErrors) -> Hook:
    where = f"the {event} hook"

    async def rest(waiting: Awaitable[None], later: Sequence[Hook], arguments: tuple[Any, ...]) -> None:
        """Wait for one hook, then call the later ones, one after the other."""
        with errors.noted(where):
            await waiting
        for each in later:
            with errors.noted(where):
                if (more := each(*arguments)) is not None:
                    await more

    def hook(*arguments: Any) -> Awaitable[None] | None:
        for count, each in enumerate(found, 1):
            try:
                waiting = each(*arguments)
            except Exception as error:
                errors.note(where, error)
            else:
                if waiting is not None:
                    return rest(waiting, found[count:], arguments)
        return None

    return hook
