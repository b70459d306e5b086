"""What was repaired of a turn, for all that speak of it afterwards. The layer `repair` decides it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from ..options import Repair
from .request import Turn

_COMPARED = ("model", "tools", "instructions", "text", "input")


class Part(NamedTuple):
    """One repaired part of a turn: by which repair, and its path; for `volatile`, in what it differs and since when.

    `sent` and `shown` are what the client sent and what went out, as far as a person wants to see it: the names of
    tools in their order, or what differs between two texts. They are taken from a prompt.
    """

    repair: Repair
    path: str
    kinds: tuple[str, ...] = ()
    since: float = 0
    sent: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def member(self) -> str:
        """The top-level member of the body that the part is in."""
        return self.path.partition("[")[0].partition(".")[0]


@dataclass(slots=True, kw_only=True, repr=False)
class RepairedTurn:
    """A turn of which something is repaired, or may be of a later one.

    `forwarded` is the turn as it left, before the edits that every turn has: as the client sent it where no part is
    repaired. `notes` say what was not repaired, and why; `enabled` are the repairs that were switched on for it.
    `saved` are the tokens that it read from the cache and would have sent again without, once that is known.
    """

    enabled: Collection[Repair]
    forwarded: Turn
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    saved: int = 0

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The repairs, each once."""
        return tuple(dict.fromkeys(part.repair for part in self.parts))

    @property
    def members(self) -> tuple[str, ...]:
        """The top-level members that were repaired, each once."""
        return tuple(dict.fromkeys(part.member for part in self.parts))

    def has_left_in(self, turn: Turn) -> bool:
        """Return True if a turn that was edited after it had been read still has all that can be repaired."""
        return all(self.left_in(turn, member) for member in _COMPARED)

    def left_in(self, turn: Turn, member: str) -> bool:
        """Return True if a turn that was edited after it had been repaired still has the repaired member."""
        if member == "input":
            return turn.prompt.items.whole_digest() == self.forwarded.prompt.items.whole_digest()
        return turn.document.get(member) == self.forwarded.document.get(member)
