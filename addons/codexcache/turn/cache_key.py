"""The cache key of a turn: its sources in order of precedence.

If the client sent no key, a request that continues a known turn inherits that turn's key (`key_memory`); otherwise the
first source with a usable value gives the key. The client's own key comes first; then what identifies a session; then
the conversation itself, by its first user message; then the caller. `x-client-request-id`, trace ids and
`metadata.user_id` are not sources: some clients generate them for every request, others share them among conversations.
"""

from collections.abc import Iterator

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
