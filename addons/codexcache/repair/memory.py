"""The bytes that turns left with, by conversation; in memory alone, because they are prompts.

The turns of a conversation share what they send again, so each costs what it adds. A conversation is forgotten as a
whole, the least recently used one first; of a long one the oldest turns are. One that has grown too large, as by a
client that rewrites its history for each turn, is held with its latest turn alone.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..options import Repair
from ..turn.cache_key import EarlierTurn
from .plan import Sent

HELD_BYTES = 64 << 20
"""Bytes of all conversations; one whose latest turn takes more than a quarter is not held."""

_CONVERSATIONS, _TURNS = 1_000, 64
_OVERHEAD = 41  # bytes of an item's object and of the reference to it

type Name = tuple[bytes, int]
"""What a turn is held under: the line of turns that it is in, and its place there."""


@dataclass(slots=True, eq=False, repr=False)
class Conversation:
    """A conversation whose turns are held. `number` is that of its first turn, 0 until it is known.

    `over` are the repairs that have ended in it, each with the reason. `turns` and `saved` are how many turns were
    repaired, and the tokens that these read and would have sent again without.
    """

    client: str
    begun: float
    number: int = 0
    run: str = ""
    over: dict[Repair, str] = field(default_factory=dict)
    turns: int = 0
    saved: int = 0
    size: int = 0
    names: list[Name] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class Held:
    """A turn as it left. It can be a predecessor once it `is_complete`; `answers` are what identifies its answers."""

    sent: Sent
    model: str
    conversation: Conversation
    is_complete: bool = False
    answers: frozenset[int] = frozenset()


class Memory:
    """The turns that are held, by name."""

    def __init__(self, limit: int = HELD_BYTES) -> None:
        self._limit = limit
        self._turns: dict[Name, Held] = {}
        self._conversations: OrderedDict[int, Conversation] = OrderedDict()
        self.size = 0

    def __iter__(self) -> Iterator[Conversation]:
        """Yield the conversations, the least recently used one first."""
        return iter([*self._conversations.values()])

    def get(self, turn: EarlierTurn) -> Held | None:
        """Return a turn as it left, None if it is not held."""
        return self._turns.get(_name(turn))

    def hold(self, turn: EarlierTurn, held: Held, known: Sent | None) -> None:
        """Hold a turn, whose predecessor sent what is `known`."""
        conversation, name = held.conversation, _name(turn)
        self._turns[name] = held
        conversation.names.append(name)
        cost = _cost(held.sent, known)
        conversation.size += cost
        self.size += cost
        self._conversations[id(conversation)] = conversation
        self._conversations.move_to_end(id(conversation))
        if len(conversation.names) > _TURNS:
            self._turns.pop(conversation.names.pop(0), None)
        if conversation.size > self._limit // 4:
            self._hold_alone(name, held)
        while self.size > self._limit or len(self._conversations) > _CONVERSATIONS:
            self.forget(next(iter(self._conversations.values())))

    def _hold_alone(self, name: Name, held: Held) -> None:
        """Forget the other turns of a conversation; this one as well if it is too large by itself."""
        conversation, size = held.conversation, _cost(held.sent, None)
        self.forget(conversation)
        if size <= self._limit // 4:
            self._turns[name], conversation.names, conversation.size = held, [name], size
            self.size += size
            self._conversations[id(conversation)] = conversation

    def forget(self, conversation: Conversation) -> None:
        """Forget what the turns of a conversation left with."""
        if self._conversations.pop(id(conversation), None):
            for name in conversation.names:
                self._turns.pop(name, None)
            self.size -= conversation.size
            conversation.names, conversation.size = [], 0


def _name(turn: EarlierTurn) -> Name:
    return turn.line, turn.place


def _cost(sent: Sent, known: Sent | None) -> int:
    """Return the bytes that a turn takes up besides those that it shares with its predecessor."""
    was = known or Sent()
    pairs = ((sent.tools, was.tools), (sent.instructions, was.instructions), (sent.text_format, was.text_format))
    pairs_of_items = enumerate(zip(sent.items, was.items, strict=False))
    shared = next((at for at, (one, other) in pairs_of_items if one is not other), min(len(sent.items), len(was.items)))
    items = sum(len(item) + _OVERHEAD for item in sent.items[shared:])
    return sum(len(one) for one, other in pairs if one is not other) + items + 8 * len(sent.items)
