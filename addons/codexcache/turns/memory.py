"""What is remembered of earlier turns, so that a conversation keeps its key.

A client that makes up a session or an Idempotency-Key anew for each request would get a new key with each turn. But
its input tells: a turn whose items start with all the items of a remembered turn of the same caller goes on with
that conversation. Both kinds of memory are bounded, and the least recently used entries go first. They are lost at
a restart; keys that are derived from the conversation are not.
"""

from collections import OrderedDict
from typing import Literal

from ..unchanging import unchanging
from .turn import Turn

type KeySource = Literal[
    "prompt_cache_key", "session", "idempotency_key", "conversation", "principal", "account", "none"
]

TURNS = 50_000
"""Turns remembered, and responses: some 30 MB of each at the most."""

_ALIKE = 64
"""Conversations with the same opening that are told apart; of more than these, the oldest is forgotten."""


@unchanging
class Identity:
    """A turn's key, where it came from, and whether the turn goes on with a remembered conversation."""

    key: str | None
    source: KeySource
    continued: bool = False


@unchanging
class _Trace:
    """What one turn left behind; `told` stands for how its instructions begin."""

    identity: Identity
    session: str | None
    told: int


class Memory:
    """Conversations by the digest of their input, responses by their id."""

    def __init__(self, limit: int = TURNS) -> None:
        self._traces: _Bounded[tuple[bytes, int], tuple[_Trace, ...]] = _Bounded(limit)
        self._responses: _Bounded[tuple[bytes, str], Identity] = _Bounded(limit)

    def remember(self, turn: Turn, identity: Identity) -> None:
        """Remember a turn that can be gone on with: one with a key, and with a user message in its own whole input."""
        if identity.key is None or turn.opening is None or turn.previous is not None:
            return
        trace = _Trace(identity=identity, session=turn.session, told=hash(turn.instructions))
        place = turn.sender.root, turn.prompt.items.head(len(turn.prompt.items))
        known = self._traces.get(place) or ()
        self._traces.put(place, (*[one for one in known if one != trace], trace)[-_ALIKE:])

    def remember_response(self, turn: Turn, response_id: str, identity: Identity) -> None:
        """Remember whose turn a response answered; what goes on with one without a key is known to have none."""
        self._responses.put((turn.sender.root, response_id), identity)

    def identity_of_response(self, turn: Turn) -> Identity | None:
        """Return the identity of the turn whose response this turn names as its previous one."""
        return self._responses.get((turn.sender.root, turn.previous)) if turn.previous else None

    def identity_gone_on_with(self, turn: Turn) -> Identity | None:
        """Return the identity of the remembered turn that this turn's input extends furthest.

        An equal input is a retry, or another conversation with the same opening: with a session, or with instructions
        of its own, it speaks for itself.
        """
        root, items = turn.sender.root, turn.prompt.items
        longest = len(items) if turn.session is None else len(items) - 1
        for count in range(longest, 0, -1):
            if traces := self._traces.get((root, items.head(count))):
                best = traces[0] if len(traces) == 1 else _best(traces, turn)
                if count < len(items) or best.told == hash(turn.instructions):
                    return best.identity
        return None


def _best(traces: tuple[_Trace, ...], turn: Turn) -> _Trace:
    """Return the trace with a turn's session, else with its instructions, else any; of several, the latest."""
    session, told = turn.session, hash(turn.instructions)
    return max(reversed(traces), key=lambda trace: (trace.session == session, trace.told == told))


class _Bounded[K, V]:
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
