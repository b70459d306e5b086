"""The ladder: which key a turn gets.

The first rung that holds a usable value wins. The client's own word comes first; then what identifies a session;
then the conversation itself, by its opening; then who sends. `x-client-request-id`, trace ids and
`metadata.user_id` are no rungs: some clients make them up for each request, others share them among conversations.

Before a turn without an explicit key climbs, it is asked whether it goes on with a turn that is known.
"""

from collections.abc import Callable

from .caller import parts_of
from .key_memory import CacheKey, KeyMemory, KeySource
from .key_values import derived
from .request import Turn


def choose_key(turn: Turn, memory: KeyMemory, *, pin: bool = False, last: CacheKey | None = None) -> CacheKey:
    """Return the identity of a turn.

    With `pin`, a client that is not the official one is held to the key with which its conversation began, whatever
    key it sends now. `last` is the identity of the last turn on the same WebSocket.
    """
    free = turn.explicit_key is None or (pin and not turn.client_headers.native)
    return (_continued(turn, memory, last) if free else None) or _first_source(turn)


def _continued(turn: Turn, memory: KeyMemory, last: CacheKey | None) -> CacheKey | None:
    """Return the identity that the turn goes on with: that of the response it names, or of the input it extends."""
    known = (memory.key_of_response(turn) or last) if turn.previous_response_id else memory.key_of_extended_turn(turn)
    if known is None or known.key is None:
        return None
    return known if known.inherited else CacheKey(key=known.key, source=known.source, inherited=True)


def _first_source(turn: Turn) -> CacheKey:
    """Return what the first rung with a usable value gives; a warm-up says too little for one to be derived."""
    for source, rung in _GIVEN_SOURCES if turn.warm_up else (*_GIVEN_SOURCES, *_DERIVED_SOURCES):
        if key := rung(turn):
            return CacheKey(key=key, source=source)
    return CacheKey(key=None, source="none")


def _from_conversation(turn: Turn) -> str | None:
    """Derive a key from the caller and how the conversation opens, which stays the same in all of its turns."""
    if turn.first_user_message is None:
        return None
    return derived("conversation", *parts_of(turn.client_headers.caller), turn.instructions, turn.first_user_message)


def _caller_source(kind: str) -> Callable[[Turn], str | None]:
    """Return the rung that derives a key from a caller of this kind."""

    def rung(turn: Turn) -> str | None:
        caller = turn.client_headers.caller
        return derived(*parts_of(caller)) if caller and caller.kind == kind else None

    return rung


type _Sources = tuple[tuple[KeySource, Callable[[Turn], str | None]], ...]

_GIVEN_SOURCES: _Sources = (
    ("prompt_cache_key", lambda turn: turn.explicit_key),
    ("session", lambda turn: turn.session),
)
_DERIVED_SOURCES: _Sources = (
    ("idempotency_key", lambda turn: turn.client_headers.idempotency_key),
    ("conversation", _from_conversation),
    ("principal", _caller_source("principal")),
    ("account", _caller_source("account")),
)
