"""The ladder: which key a turn gets.

The first rung that holds a usable value wins. The client's own word comes first; then what identifies a session;
then the conversation itself, by its opening; then who sends. `x-client-request-id`, trace ids and
`metadata.user_id` are no rungs: some clients make them up for each request, others share them among conversations.

Before a turn without an explicit key climbs, it is asked whether it goes on with a turn that is known.
"""

from collections.abc import Callable

from .caller import parts_of
from .memory import Identity, KeySource, Memory
from .turn import Turn
from .values import derived


def resolve(turn: Turn, memory: Memory, *, pin: bool = False, last: Identity | None = None) -> Identity:
    """Return the identity of a turn.

    With `pin`, a client that is not the official one is held to the key with which its conversation began, whatever
    key it sends now. `last` is the identity of the last turn on the same WebSocket.
    """
    free = turn.explicit is None or (pin and not turn.sender.native)
    return (_continued(turn, memory, last) if free else None) or _climb(turn)


def _continued(turn: Turn, memory: Memory, last: Identity | None) -> Identity | None:
    """Return the identity that the turn goes on with: that of the response it names, or of the input it extends."""
    known = (memory.identity_of_response(turn) or last) if turn.previous else memory.identity_gone_on_with(turn)
    if known is None or known.key is None:
        return None
    return known if known.continued else Identity(key=known.key, source=known.source, continued=True)


def _climb(turn: Turn) -> Identity:
    """Return what the first rung with a usable value gives; a warm-up says too little for one to be derived."""
    for source, rung in _SAID if turn.warm_up else (*_SAID, *_DERIVED):
        if key := rung(turn):
            return Identity(key=key, source=source)
    return Identity(key=None, source="none")


def _from_conversation(turn: Turn) -> str | None:
    """Derive a key from the caller and how the conversation opens, which stays the same in all of its turns."""
    if turn.opening is None:
        return None
    return derived("conversation", *parts_of(turn.sender.caller), turn.instructions, turn.opening)


def _from_caller(kind: str) -> Callable[[Turn], str | None]:
    """Return the rung that derives a key from a caller of this kind."""

    def rung(turn: Turn) -> str | None:
        caller = turn.sender.caller
        return derived(*parts_of(caller)) if caller and caller.kind == kind else None

    return rung


type _Rungs = tuple[tuple[KeySource, Callable[[Turn], str | None]], ...]

_SAID: _Rungs = (
    ("prompt_cache_key", lambda turn: turn.explicit),
    ("session", lambda turn: turn.session),
)
_DERIVED: _Rungs = (
    ("idempotency_key", lambda turn: turn.sender.idempotency_key),
    ("conversation", _from_conversation),
    ("principal", _from_caller("principal")),
    ("account", _from_caller("account")),
)
