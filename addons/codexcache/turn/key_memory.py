"""What is remembered of earlier turns, so that a conversation keeps its key whatever ids its client sends.

A turn continues an earlier one (the first that is found counts)

1. if it names that turn's response (`previous_response_id`);
2. if an answer to that turn stands in its input, wherever that is and whatever was rewritten around it; of several, the
   answer that stands latest in the input;
3. if its input extends that turn's whole input, and the client's own ids do not tell the two apart. They do not if the
   client was seen to send other ids with each turn of a conversation.

An equal input is a retry, or another conversation that begins alike. Such a turn continues nothing if it has a session
or other instructions, or if another turn already continued the earlier one.

Libraries imitate the official client's headers and make up key, session and thread for each request (smolagents-codex
0.1.1). A fork changes them once. So the second turn in a row with ids that are all new shows an imitator, unless an id
was ever kept in that conversation.

The memory is bounded, and the least recently used entries are forgotten first. Callers are kept apart.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..body.json_splice import Json
from ..static_frozen import static_frozen
from .answers import answer_digest, is_short
from .request import Turn

type KeySource = Literal[
    "prompt_cache_key", "session", "idempotency_key", "conversation", "principal", "account", "none"
]

TURNS = 50_000
"""Turns that are remembered, answers, and responses: at most some 30 MB of each."""

_ALIKE = 64
"""Turns with the same input or answer that are remembered apart; of more than these, the oldest is forgotten."""

_LOOKUPS = 16
"""Answers of an input that are looked up, the latest first."""

_IMITATOR = 2
"""Turns in a row with ids that are all new, from which on a client is taken for an imitator."""


@static_frozen
class CacheKey:
    """The key of a turn, its source, and whether it was inherited from a turn that this one continues."""

    key: str | None
    source: KeySource
    inherited: bool = False


@dataclass(slots=True, kw_only=True, repr=False)
class EarlierTurn:
    """What is remembered of a turn.

    `ids` are the key, session and thread that the client sent, `opening` is the digest of its first user message,
    `instructions` that of the start of its instructions. `new_ids` counts the turns in a row up to this one that came
    with ids that were all new; None where an id was kept in this conversation. `input_digest` is that of its whole
    input; it is `continued` once another turn goes further.
    """

    cache_key: CacheKey
    ids: tuple[str | None, str | None, str | None]
    own_id: str | None
    opening: int
    instructions: int
    input_digest: int
    new_ids: int | None = 0
    continued: bool = False


class KeyMemory:
    """Earlier turns by the digest of their input, by their answers and by the id of their response."""

    def __init__(self, limit: int = TURNS) -> None:
        self._turns: LruDict[object, tuple[EarlierTurn, ...]] = LruDict(limit)
        self._answers: LruDict[object, tuple[EarlierTurn, ...]] = LruDict(limit)
        self._responses: LruDict[object, EarlierTurn] = LruDict(limit)
        self._changing: LruDict[object, bool] = LruDict(limit)
        self._imitators: LruDict[object, bool] = LruDict(limit)

    def find(self, turn: Turn) -> EarlierTurn | None:
        """Return the turn that this one continues, None if there is none."""
        if turn.previous_response_id:
            return self._responses.get((_caller(turn), turn.previous_response_id))
        answered = self._answered(turn)
        if answered and not _ids_differ(turn, answered):
            return answered
        extended = self._extended(turn)
        return extended if extended and (answered is None or extended.own_id == turn.own_id) else answered

    def imitates(self, turn: Turn, earlier: EarlierTurn | None) -> bool:
        """Return True if a turn with the official client's marks comes from another client, which is remembered."""
        if not turn.client_headers.native:
            return False
        known = self._imitators.get(client_of(turn)) is not None
        if earlier is None:
            return known
        new_ids = _new_ids(turn, earlier) or 0
        if new_ids >= _IMITATOR:
            self._imitators.put(client_of(turn), True)
        return new_ids >= _IMITATOR or (known and new_ids > 0)

    def remember(self, turn: Turn, cache_key: CacheKey, earlier: EarlierTurn | None) -> EarlierTurn:
        """Remember a turn, and what it continues; return what is remembered of it.

        It can be extended if it has a key, and its body has the whole input with a user message.
        """
        new = EarlierTurn(
            cache_key=cache_key,
            ids=turn.ids,
            own_id=turn.own_id,
            opening=earlier.opening if earlier and turn.previous_response_id else hash(turn.first_user_message),
            instructions=hash(turn.instructions),
            input_digest=turn.prompt.items.prefix_digests()[-1],
            new_ids=_new_ids(turn, earlier) if earlier else 0,
        )
        if earlier:
            self._learn(turn, earlier, new)
        if cache_key.key and turn.first_user_message is not None and turn.previous_response_id is None:
            _put(self._turns, (_caller(turn), new.input_digest), new)
        return new

    def remember_response(
        self, turn: Turn, remembered: EarlierTurn, response_id: str | None, outputs: Iterable[Json]
    ) -> None:
        """Remember what answered a turn: the response's id, and its items."""
        if response_id:
            self._responses.put((_caller(turn), response_id), remembered)
        if remembered.cache_key.key:
            for answer in filter(None, map(answer_digest, outputs)):
                _put(self._answers, _entry(turn, answer, remembered.opening), remembered)

    def _learn(self, turn: Turn, earlier: EarlierTurn, new: EarlierTurn) -> None:
        """Note that a turn is continued, and what its client does with its ids."""
        earlier.continued |= new.input_digest != earlier.input_digest
        if turn.own_id and earlier.own_id:
            self._changing.put(client_of(turn), turn.own_id != earlier.own_id)

    def _answered(self, turn: Turn) -> EarlierTurn | None:
        """Return the turn whose answer stands latest in the input."""
        for answer in turn.prompt.items.latest_answers(_LOOKUPS):
            if earlier := self._answers.get(_entry(turn, answer, hash(turn.first_user_message))):
                return _best(earlier, turn)
        return None

    def _extended(self, turn: Turn) -> EarlierTurn | None:
        """Return the turn whose whole input this one extends, of several the one with the most items."""
        caller, digests = _caller(turn), turn.prompt.items.prefix_digests()
        whole = len(digests) - 1
        for count in range(whole if turn.session is None else whole - 1, 0, -1):
            if earlier := self._turns.get((caller, digests[count])):
                best = _best(earlier, turn)
                if self._continues(turn, best, equal=count == whole):
                    return best
        return None

    def _continues(self, turn: Turn, earlier: EarlierTurn, *, equal: bool) -> bool:
        """Return True if a turn that repeats another's input continues it."""
        if equal:
            return earlier.instructions == hash(turn.instructions) and not earlier.continued
        return not _ids_differ(turn, earlier) or bool(self._changing.get(client_of(turn)))


def _caller(turn: Turn) -> bytes:
    return turn.client_headers.caller_digest


def client_of(turn: Turn) -> object:
    """Return what identifies a client: its caller and its user agent."""
    return _caller(turn), tuple(turn.client_headers.values.get("user-agent", ()))


def _entry(turn: Turn, answer: int, opening: int) -> object:
    """Return the entry of an answer; a short one is another after another opening."""
    return _caller(turn), answer, opening if is_short(answer) else 0


def _ids_differ(turn: Turn, earlier: EarlierTurn) -> bool:
    """Return True if the client itself tells two turns apart."""
    return bool(turn.own_id and earlier.own_id and turn.own_id != earlier.own_id)


def _new_ids(turn: Turn, earlier: EarlierTurn) -> int | None:
    """Return how many turns in a row came with ids that are all new; None if one was ever kept."""
    if earlier.new_ids is None or any(one and one == other for one, other in _pairs(turn, earlier)):
        return None
    return earlier.new_ids + 1 if sum(1 for one, other in _pairs(turn, earlier) if one and other) > 1 else 0


def _pairs(turn: Turn, earlier: EarlierTurn) -> Iterator[tuple[str | None, str | None]]:
    return zip(turn.ids, earlier.ids, strict=True)


def _best(earlier: tuple[EarlierTurn, ...], turn: Turn) -> EarlierTurn:
    """Return the one with this turn's own id, else the one with these instructions, else any; of equals, the latest."""
    if len(earlier) == 1:
        return earlier[0]
    own, instructions = turn.own_id, hash(turn.instructions)
    return max(reversed(earlier), key=lambda one: (one.own_id == own, one.instructions == instructions))


def _put(turns: "LruDict[object, tuple[EarlierTurn, ...]]", entry: object, new: EarlierTurn) -> None:
    """Add a turn to those with the same entry; it replaces one that differs in nothing that counts."""
    others = [one for one in turns.get(entry) or () if not _is_same(one, new)]
    turns.put(entry, (*others, new)[-_ALIKE:])


def _is_same(one: EarlierTurn, other: EarlierTurn) -> bool:
    return (one.cache_key.key, one.own_id, one.instructions) == (other.cache_key.key, other.own_id, other.instructions)


class LruDict[K, V]:
    """A mapping that forgets the least recently used entry."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if (value := self._entries.get(key)) is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)
