"""What is remembered of earlier turns, so that a conversation keeps its key.

A client that makes up a session or an Idempotency-Key anew for each request would get a new key with each turn. But
its input tells: a turn whose items start with all the items of a remembered turn of the same caller goes on with
that conversation. Both kinds of memory are bounded, and the least recently used entries go first. They are lost at
a restart; keys that are derived from the conversation are not.
"""

from collections import OrderedDict
from typing import Literal

from ..static_frozen import static_frozen
from .request import Turn

type KeySource = Literal[
    "prompt_cache_key", "session", "idempotency_key", "conversation", "principal", "account", "none"
]

TURNS = 50_000
"""Turns remembered, and responses: some 30 MB of each at the most."""

_ALIKE = 64
"""Conversations with the same opening that are told apart; of more than these, the oldest is forgotten."""


@static_frozen
class CacheKey:
    """A turn's key, where it came from, and whether the turn goes on with a remembered conversation."""

    key: str | None
    source: KeySource
    inherited: bool = False


@static_frozen
class _Trace:
    """What one turn left behind; `told` stands for how its instructions begin."""

    cache_key: CacheKey
    session: str | None
    instructions_hash: int


class KeyMemory:
    """Conversations by the digest of their input, responses by their id."""

    def __init__(self, limit: int = TURNS) -> None:
        self._turns: _BoundedDict[tuple[bytes, int], tuple[_Trace, ...]] = _BoundedDict(limit)
        self._responses: _BoundedDict[tuple[bytes, str], CacheKey] = _BoundedDict(limit)

    def remember(self, turn: Turn, cache_key: CacheKey) -> None:
        """Remember a turn that can be gone on with: one with a key, and with a user message in its own whole input."""
        if cache_key.key is None or turn.first_user_message is None or turn.previous_response_id is not None:
            return
        trace = _Trace(cache_key=cache_key, session=turn.session, instructions_hash=hash(turn.instructions))
        place = turn.client_headers.caller_digest, turn.prompt.items.prefix_digest(len(turn.prompt.items))
        known = self._turns.get(place) or ()
        self._turns.put(place, (*[one for one in known if one != trace], trace)[-_ALIKE:])

    def remember_response(self, turn: Turn, response_id: str, cache_key: CacheKey) -> None:
        """Remember whose turn a response answered; what goes on with one without a key is known to have none."""
        self._responses.put((turn.client_headers.caller_digest, response_id), cache_key)

    def key_of_response(self, turn: Turn) -> CacheKey | None:
        """Return the identity of the turn whose response this turn names as its previous one."""
        return (
            self._responses.get((turn.client_headers.caller_digest, turn.previous_response_id))
            if turn.previous_response_id
            else None
        )

    def key_of_extended_turn(self, turn: Turn) -> CacheKey | None:
        """Return the identity of the remembered turn that this turn's input extends furthest.

        An equal input is a retry, or another conversation with the same opening: with a session, or with instructions
        of its own, it speaks for itself.
        """
        root, items = turn.client_headers.caller_digest, turn.prompt.items
        longest = len(items) if turn.session is None else len(items) - 1
        for count in range(longest, 0, -1):
            if traces := self._turns.get((root, items.prefix_digest(count))):
                best = traces[0] if len(traces) == 1 else _best(traces, turn)
                if count < len(items) or best.instructions_hash == hash(turn.instructions):
                    return best.cache_key
        return None


def _best(traces: tuple[_Trace, ...], turn: Turn) -> _Trace:
    """Return the trace with a turn's session, else with its instructions, else any; of several, the latest."""
    session, told = turn.session, hash(turn.instructions)
    return max(reversed(traces), key=lambda trace: (trace.session == session, trace.instructions_hash == told))


class _BoundedDict[K, V]:
    """A mapping that forgets what was least recently used."""

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
