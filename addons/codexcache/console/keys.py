"""Keys for the commands in mitmproxy's console, and examples of filters; its help (`?`) shows both.

The keys are bound in the console's own keymap, after those of the user's `keys.yaml`. A key that is bound already, by
mitmproxy or by the user, is left alone, also if it is bound later: then another one is taken, or none.
"""

import asyncio
from typing import Any, NamedTuple

from mitmproxy import ctx, flowfilter

WHY, NEXT_MISS, CONVERSATIONS = "codex.why", "codex.nextmiss", "codex.conversations"
"""Commands that have a key, as `key_of` takes them."""

_LIST, _DETAILS = "flowlist", "flowview"
_BOTH = (_LIST, _DETAILS)


class _Key(NamedTuple):
    """A command with its text in the help, the keys that it may have, the first that is free, and in which views."""

    command: str
    keys: str
    text: str
    contexts: tuple[str, ...] = _BOTH


_GO_ON = "Codex: go to the next turn that missed the prompt cache"
_KEYS = (
    _Key(WHY, "yY", "Codex: say why a turn missed the prompt cache, or did not"),
    _Key(NEXT_MISS, "NT", _GO_ON, (_LIST,)),
    _Key(NEXT_MISS, "TX", _GO_ON, (_DETAILS,)),  # there `N` searches backwards, whatever it is bound to
    _Key(CONVERSATIONS, "cuR", "Codex: list conversations, with what they re-sent"),
)

_FILTERS = (
    ("~marker :warning:", "Codex: turns that missed the prompt cache"),
    ("~comment tools_changed", "Codex: turns with this verdict, or any other word of a comment"),
    ("~meta 3f9a0c51d2e4", "Codex: turns of the conversation with this fingerprint"),
)
"""Examples that stand in mitmproxy's list of filter expressions, which mitmweb shows as well."""


class Keys:
    """Binds the keys while the addon is loaded, where there is a console, and lists the examples of filters."""

    def __init__(self) -> None:
        self._bound: dict[str, str] = {}
        self._keymap: Any = None

    def load(self, loader: object) -> None:
        flowfilter.help.extend(each for each in _FILTERS if each not in flowfilter.help)

    def running(self) -> None:
        """Bind the keys once all addons run: the user's own are read by one that runs after this."""
        if has_keys():
            asyncio.get_running_loop().call_soon(self._bind)

    def done(self) -> None:
        flowfilter.help[:] = [each for each in flowfilter.help if each not in _FILTERS]
        for key in list(self._bound):
            self._unbind(key)

    def _bind(self) -> None:
        from mitmproxy.tools.console import signals  # which is loaded where there is a console

        self._keymap = _keymap()
        for command, keys, text, contexts in _KEYS:
            free = (key for key in keys if not any(self._keymap.get(context, key) for context in (*contexts, "global")))
            if key_of(command, contexts[0]) is None and (key := next(free, None)):
                self._bound[key] = command
                self._keymap.add(key, command, list(contexts), text)
        signals.keybindings_change.connect(self._give_way)

    def _give_way(self) -> None:
        """Give up a key that the user has bound for all views: mitmproxy would still prefer the one for this view."""
        for key in [key for key in self._bound if self._keymap.get("global", key)]:
            self._unbind(key)

    def _unbind(self, key: str) -> None:
        command = self._bound.pop(key)
        for context in _BOTH:
            if (binding := self._keymap.get(context, key)) and binding.command == command:
                self._keymap.remove(key, [context])


def has_keys() -> bool:
    """Return True in mitmproxy's console."""
    return _keymap() is not None


def key_of(command: str, context: str = _LIST) -> str | None:
    """Return the key of a command in a view of the console's, by default its list of flows, None if it has none there.

    A key can run a longer command: `command` is a part that tells it from others.
    """
    listed = (binding for binding in getattr(_keymap(), "bindings", ()) if {context, "global"} & {*binding.contexts})
    return next((binding.key for binding in listed if command in binding.command), None)


def _keymap() -> Any:
    """Return the console's keymap, None in mitmdump and mitmweb."""
    return getattr(getattr(ctx, "master", None), "keymap", None)
