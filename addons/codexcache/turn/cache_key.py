"""The cache key of a turn: its sources in order of precedence.

If the client sent no key, a request that continues a known turn inherits that turn's key (`key_memory`); otherwise the
first source with a usable value gives the key. The client's own key comes first; then what identifies a session; then
the conversation itself, by its first user message; then the caller. `x-client-request-id`, trace ids and
`metadata.user_id` are not sources: some clients generate them for every request, others share them among conversations.
"""

from collections.abc import Callable

from .caller import parts_of
from .key_memory import CacheKey, EarlierTurn, KeySource
from .key_values import derived
from .request import Turn


def choose_key(
    turn: Turn, earlier: EarlierTurn | None, *, hold: bool = False, last: CacheKey | None = None
) -> CacheKey:
    """Return the cache key of a turn; its `key` is None if no source has a value.

    `earlier` is the turn that it continues, `last` the key of the last turn on the same WebSocket. With `hold`, a
    client other than the official one keeps the key with which its conversation began, whatever key it sends now.
    """
    may_inherit = turn.explicit_key is None or (hold and not turn.client_headers.native)
    return (_inherited(turn, earlier, last) if may_inherit else None) or _first_source(turn)


def _inherited(turn: Turn, earlier: EarlierTurn | None, last: CacheKey | None) -> CacheKey | None:
    """Return the key of the turn that this one continues, or of the socket's last one where a delta names no known."""
    known = earlier.cache_key if earlier else last if turn.previous_response_id else None
    if known is None or known.key is None:
        return None
    return known if known.inherited else CacheKey(key=known.key, source=known.source, inherited=True)


def _first_source(turn: Turn) -> CacheKey:
    """Return the key of the first source with a usable value; a warm-up has too little content to derive a key from."""
    for source, read in _GIVEN_SOURCES if turn.warm_up else (*_GIVEN_SOURCES, *_DERIVED_SOURCES):
        if key := read(turn):
            return CacheKey(key=key, source=source)
    return CacheKey(key=None, source="none")


def _from_conversation(turn: Turn) -> str | None:
    """Return a key derived from the caller, the instructions and the first user message, the same for all turns."""
    if turn.first_user_message is None:
        return None
    caller = parts_of(turn.client_headers.caller)
    return derived("conversation", *caller, turn.instructions, turn.first_user_message)


def _caller_source(kind: str) -> Callable[[Turn], str | None]:
    """Return the source that derives a key from a caller of this kind."""

    def read(turn: Turn) -> str | None:
        caller = turn.client_headers.caller
        return derived(*parts_of(caller)) if caller and caller.kind == kind else None

    return read


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
