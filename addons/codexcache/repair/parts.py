"""What is repaired of a turn: the bytes that are spliced in, the parts that this concerns, what is said of others.

`Repaired` is the result of each decision, and the results of several add up.
"""

from collections.abc import Collection
from typing import NamedTuple, Self

from ..options import Repair
from ..text import ascii_only
from ..turn.repaired import Part
from .tool_order import Arranged

type Splice = tuple[int, int, bytes]
"""Offsets in the client's text, and the bytes that go out in place of what stands between them."""

_NAME, _NAMES = 48, 3
"""Characters of a tool's name, and tools that are named."""


class Place(NamedTuple):
    """The repairs that are switched on, and the time of now, in seconds since the epoch."""

    enabled: Collection[Repair]
    at: float

    @property
    def concerns_tools(self) -> bool:
        """True if lists of tools can be repaired."""
        return "tool_order" in self.enabled or "spelling" in self.enabled


class Repaired(NamedTuple):
    """What is spliced in, what parts that repairs, and what is said of those that it does not.

    Offsets count from the start of the value that was looked at. It `is_over` where nothing behind can be repaired.
    """

    splices: tuple[Splice, ...] = ()
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    is_over: bool = False

    def moved(self, start: int) -> Self:
        """Return the same with offsets that count from `start` bytes before."""
        return self._replace(splices=tuple((start + one, start + end, new) for one, end, new in self.splices))

    def followed_by(self, other: Self) -> Self:
        """Return this and what follows it in the same text."""
        return self._replace(
            splices=self.splices + other.splices,
            parts=self.parts + other.parts,
            notes=self.notes + other.notes,
            is_over=other.is_over,
        )


def repair_tools(found: Arranged, given: bytes, path: str, place: Place) -> Repaired:
    """Return what is repaired of a list of tools, or an item that holds one, given how it is arranged as before.

    Tools in another order are a matter of `tool_order`, however they are spelled; in the same order, of `spelling`.
    """
    if found.missing:
        which = f"tool {_named(found.missing)} does not come again as it was"
        return Repaired(notes=(f"{path} leave as the client sent them: {which}",))
    wanted: dict[Repair, bool] = {"tool_order": bool(found.moved), "spelling": bool(found.respelled)}
    if not any(wanted.values()) or ("tool_order" if found.moved else "spelling") not in place.enabled:
        return Repaired()
    parts = [
        Part(repair, path, sent=found.sent, shown=found.shown) if repair == "tool_order" else Part(repair, path)
        for repair, is_wanted in wanted.items()
        if is_wanted and repair in place.enabled
    ]
    return Repaired(((0, len(given), found.text),), tuple(parts))


def _named(names: tuple[str, ...]) -> str:
    shown = ", ".join(ascii_only(name, _NAME) for name in names[:_NAMES])
    return shown if len(names) <= _NAMES else f"{shown} and {len(names) - _NAMES} more"
