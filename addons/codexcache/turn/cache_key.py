"""The cache key of a turn: its sources in order of precedence, and the memory that keeps a conversation on one key.

If the client sent no key, a request that extends a known one inherits its key; otherwise the first source with a usable
value gives the key. The client's own key comes first; then what identifies a session; then the conversation itself, by
its first user message; then the caller. `x-client-request-id`, trace ids and `metadata.user_id` are not sources: some
clients generate them for every request, others share them among conversations.

A client that generates a session or an Idempotency-Key for every request would get a new key with each turn. But its
input tells: a turn whose items start with all the items of an earlier turn of the same caller extends that turn. The
memory of turns and of responses is bounded, and the least recently used entries are forgotten first. It is lost on
restart; keys that are derived from the conversation are not.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal

from ..static_frozen import static_frozen
from .caller import parts_of
from .key_values import derived
from .request import Turn

type KeySource = Literal[
    "prompt_cache_key", "session", "idempotency_key", "conversation", "principal", "account", "none"
]

TURNS = 50_000
"""Turns that are remembered, and responses: at most some 30 MB of each."""

_SAME_INPUT = 64
"""Turns with the same input that are remembered apart; of more than these, the oldest is forgotten."""


@static_frozen
class CacheKey:
    """The key of a turn, its source, and whether it was inherited from a turn that this one extends."""

    key: str | None
    source: KeySource
    inherited: bool = False


@static_frozen
class _EarlierTurn:
    """What is remembered of a turn; `instructions_hash` is that of the start of its instructions."""

    cache_key: CacheKey
    session: str | None
    instructions_hash: int


class KeyMemory:
    """The keys of turns by the digest of their input, and of responses by their id."""

    def __init__(self, limit: int = TURNS) -> None:
        self._turns: _LruDict[tuple[bytes, int], tuple[_EarlierTurn, ...]] = _LruDict(limit)
        self._responses: _LruDict[tuple[bytes, str], CacheKey] = _LruDict(limit)

    def remember(self, turn: Turn, cache_key: CacheKey) -> None:
        """Remember a turn if it can be extended: it has a key, and its body has the whole input with a user message."""
        if cache_key.key is None or turn.first_user_message is None or turn.previous_response_id is not None:
            return
        new = _EarlierTurn(cache_key=cache_key, session=turn.session, instructions_hash=hash(turn.instructions))
        slot = turn.client_headers.caller_digest, turn.prompt.items.prefix_digests()[-1]
        known = self._turns.get(slot) or ()
        self._turns.put(slot, (*[one for one in known if one != new], new)[-_SAME_INPUT:])

    def remember_response(self, turn: Turn, response_id: str, cache_key: CacheKey) -> None:
        """Remember the key of the turn that a response answered, even if it has none."""
        self._responses.put((turn.client_headers.caller_digest, response_id), cache_key)

    def key_of_response(self, turn: Turn) -> CacheKey | None:
        """Return the key of the turn whose response this one names as its previous response, None if unknown."""
        previous = turn.previous_response_id
        return self._responses.get((turn.client_headers.caller_digest, previous)) if previous else None

    def key_of_extended_turn(self, turn: Turn) -> CacheKey | None:
        """Return the key of the turn that this one extends, the one with the most items; None if there is none.

        An equal input is a retry, or another conversation that begins alike. Such a turn inherits nothing if it has a
        session or other instructions.
        """
        caller, digests = turn.client_headers.caller_digest, turn.prompt.items.prefix_digests()
        whole = len(digests) - 1
        for count in range(whole if turn.session is None else whole - 1, 0, -1):
            if earlier := self._turns.get((caller, digests[count])):
                best = earlier[0] if len(earlier) == 1 else _best(earlier, turn)
                if count < whole or best.instructions_hash == hash(turn.instructions):
                    return best.cache_key
        return None


def _best(earlier: tuple[_EarlierTurn, ...], turn: Turn) -> _EarlierTurn:
    """Return the one with this session, else the one with these instructions, else any; of equals, the latest."""
    session, instructions = turn.session, hash(turn.instructions)
    return max(reversed(earlier), key=lambda one: (one.session == session, one.instructions_hash == instructions))


class _LruDict[K, V]:
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


def choose_key(turn: Turn, memory: KeyMemory, *, pin: bool = False, last: CacheKey | None = None) -> CacheKey:
    """Return the cache key of a turn; its `key` is None if no source has a value.

    With `pin`, a client other than the official one keeps the key with which its conversation began, whatever key it
    sends now. `last` is the key of the last turn on the same WebSocket.
    """
    may_inherit = turn.explicit_key is None or (pin and not turn.client_headers.native)
    return (_inherited(turn, memory, last) if may_inherit else None) or _first_source(turn)


def _inherited(turn: Turn, memory: KeyMemory, last: CacheKey | None) -> CacheKey | None:
    """Return the key that belongs to the response that the turn names, or to the turn that it extends, or None."""
    known = (memory.key_of_response(turn) or last) if turn.previous_response_id else memory.key_of_extended_turn(turn)
    if known is None or known.key is None:
        return None
    return known if known.inherited else CacheKey(key=known.key, source=known.source, inherited=True)


def _first_source(turn: Turn) -> CacheKey:
    """Return the key of the first source with a usable value."""
    found = (CacheKey(key=key, source=source) for source, key in _sources(turn) if key)
    return next(found, CacheKey(key=None, source="none"))


def _sources(turn: Turn) -> Iterator[tuple[KeySource, str | None]]:
    """Yield the sources in order of precedence; a warm-up has too little content to derive a key from."""
    yield "prompt_cache_key", turn.explicit_key
    yield "session", turn.session
    if turn.warm_up:
        return
    yield "idempotency_key", turn.client_headers.idempotency_key
    caller = turn.client_headers.caller
    if turn.first_user_message is not None:  # the start of a conversation is the same in all of its turns
        yield "conversation", derived("conversation", *parts_of(caller), turn.instructions, turn.first_user_message)
    if caller:
        yield caller.kind, derived(*parts_of(caller))
