"""Whether anybody but us can look at a flow. Where nobody can, nothing is kept of it or marked on it for him.

Under `mitmdump -q` nobody can. To keep a copy of each response there costs two thirds of what it costs to explain the
turn: its chunks lie in fresh memory, while those that are let go at once lie in memory that was used just now.
"""

from collections.abc import Set as AbstractSet
from typing import Any

from mitmproxy import addonmanager, ctx, hooks

_OURS = ("codexcache", "mitmproxy")
"""Packages whose addons look at a flow only where an option has them do it."""

_SAVING = ("save_stream_file", "hardump")


class Onlookers:
    """Finds out who is there; anew whenever the options change, or the number of addons."""

    def __init__(self) -> None:
        self._addons = -1
        self._present = True

    def configure(self, updated: AbstractSet[str]) -> None:
        self._addons = -1

    @property
    def present(self) -> bool:
        """Whether anybody is there; outside of mitmproxy, whoever calls us is."""
        if (master := getattr(ctx, "master", None)) is None:
            return True
        if (count := len(master.addons.lookup)) != self._addons:
            self._addons, self._present = count, _has_list() or _is_saved() or _has_others()
        return self._present


def _has_list() -> bool:
    return ctx.master.addons.get("view") is not None


def _is_saved() -> bool:
    """Tell whether flows are saved, or printed, if only by their size; who has no such options could do anything."""
    saved = any(getattr(ctx.options, name, "not known") not in (None, "") for name in _SAVING)
    return saved or getattr(ctx.options, "flow_detail", 0) > 0


def _has_others() -> bool:
    """Tell whether another addon is there: a script of the user's that is asked about anything at all."""
    return any(not _is_known(one) and _has_hooks(one) for one in addonmanager.traverse(ctx.master.addons.chain))


def _is_known(addon: Any) -> bool:
    return type(addon).__module__.partition(".")[0] in _OURS


def _has_hooks(addon: Any) -> bool:
    return any(callable(getattr(addon, name, None)) for name in hooks.all_hooks)
