"""What is written to a turn: one key in three places, and nothing else.

The body's `prompt_cache_key`; `session-id`, by the best evidence what the backend routes by (openai/codex#44716); and
`session_id`, which older backends and gateways read. The official client is left as it came, because its values
may lawfully differ (a sub-agent bears its parent's session); only what it lacks is added.

Everything is worked out before anything is written: a fault on the way leaves the request as the client sent it.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..wire.headers import Fields, first_value, length_index, with_fields
from .key_memory import CacheKey
from .key_values import usable
from .request import SESSION_HEADERS, ClientHeaders, Turn

KEY_MEMBER = "prompt_cache_key"
TODAYS_HEADER, _ = SESSION_HEADERS
REQUEST_ID = "x-client-request-id"
"""In the official client the thread's id, the same for all its requests (openai/codex, `codex-api` headers)."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestEdits:
    """The edits of one turn: its header fields, the body's members to set and to remove, and the names of all these.

    In the fields the length of the body is blank; it stands at `length_at`, if it stands in one place.
    """

    fields: Fields
    put: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()
    length_at: int | None = None


def plan_edits(turn: Turn, cache_key: CacheKey, *, strip: frozenset[str], withhold_key: bool) -> RequestEdits:
    """Return the edits of a turn. `strip` names members to remove; `withhold_key` keeps the key out of a body that
    came without one.
    """
    put = KEY_MEMBER not in strip and _wants_key(turn, cache_key, withhold_key)
    drop = strip.intersection(turn.document)
    return _edits(turn.client_headers, cache_key.key, drop, put=put, in_headers=turn.transport == "http")


def plan_handshake_edits(client_headers: ClientHeaders) -> RequestEdits:
    """Return the edits of a WebSocket's handshake: its headers alone say which session it is, nothing is guessed."""
    return _edits(client_headers, client_headers.session, frozenset(), put=False, in_headers=True)


def no_edits(client_headers: ClientHeaders) -> RequestEdits:
    """Return the envelope that changes nothing."""
    return RequestEdits(fields=client_headers.fields)


def _wants_key(turn: Turn, cache_key: CacheKey, withhold: bool) -> bool:
    """Tell whether the body's key has to be written: it is absent, or not in its usable form, or another one."""
    withheld = withhold and turn.explicit_key is None
    return cache_key.key is not None and turn.document.get(KEY_MEMBER) != cache_key.key and not withheld


@functools.lru_cache(maxsize=256)
def _edits(
    client_headers: ClientHeaders, key: str | None, drop: frozenset[str], *, put: bool, in_headers: bool
) -> RequestEdits:
    """Return an envelope; from turn to turn of a conversation it is the same."""
    member = {KEY_MEMBER: key} if put and key is not None else {}
    fields, changed = _session_fields(client_headers, key if in_headers else None)
    names = (*changed, *sorted({*drop, *member}))
    return RequestEdits(fields=fields, put=member, drop=drop, changed=names, length_at=length_index(fields))


def _session_fields(client_headers: ClientHeaders, key: str | None) -> tuple[Fields, tuple[str, ...]]:
    """Return the header fields to send, and the names of those that are new or altered."""
    if key is None:
        return client_headers.fields, ()
    wanted = _native_wants(client_headers) if client_headers.native else _wants(client_headers, key)
    return with_fields(client_headers.fields, wanted), tuple(wanted)


def _wants(client_headers: ClientHeaders, key: str) -> dict[str, str]:
    """Return what a client that is not native lacks or bears otherwise."""
    wanted = {name: key for name in SESSION_HEADERS if client_headers.values.get(name) != [key]}
    request_id = first_value(client_headers.values, REQUEST_ID)
    lacks_all = request_id is None and not _given(client_headers)
    return wanted | ({REQUEST_ID: key} if lacks_all or _was_hashed_to(request_id, key) else {})


def _native_wants(client_headers: ClientHeaders) -> dict[str, str]:
    """Return what the official client lacks: today's spelling of its session header, and values in usable form."""
    given = _given(client_headers)
    forms = {name: form for name, value in given.items() if (form := usable(value))}
    wanted = {name: form for name, form in forms.items() if form != given[name]}
    if forms and TODAYS_HEADER not in forms:
        wanted[TODAYS_HEADER] = next(iter(forms.values()))
    request_id = first_value(client_headers.values, REQUEST_ID)
    follows = [form for form in forms.values() if _was_hashed_to(request_id, form)]
    return wanted | ({REQUEST_ID: follows[0]} if follows else {})


def _given(client_headers: ClientHeaders) -> dict[str, str]:
    """Return the session headers that the client sent."""
    return {name: value for name in SESSION_HEADERS if (value := first_value(client_headers.values, name)) is not None}


def _was_hashed_to(value: str | None, key: str) -> bool:
    """Tell whether `key` was made from `value`, which the backend would refuse in this header as well."""
    return value is not None and value != key and usable(value) == key
