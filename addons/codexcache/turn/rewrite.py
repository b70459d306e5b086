"""The edits of a request: one key in three places, and nothing else.

The places are the `prompt_cache_key` of the body; `session-id`, by the best evidence what the backend routes by
(openai/codex#44716); and `session_id`, which older backends and gateways read. What the official client sends is kept,
because its values may rightly differ (a sub-agent has the session of its parent); only what it lacks is added.

Digests of the body (RFC 9530; RFC 3230 and Content-MD5 before it) are removed where the body is edited: they would no
longer be true.

All edits are planned before anything is written: an error on the way leaves the request as the client sent it.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..wire.headers import Fields, first_value, length_index, with_fields
from .cache_key import CacheKey
from .key_values import usable
from .request import SESSION_HEADERS, ClientHeaders, Turn

KEY_MEMBER = "prompt_cache_key"
CURRENT_SESSION_HEADER, _ = SESSION_HEADERS
REQUEST_ID = "x-client-request-id"
"""In the official client the id of the thread, the same for all its requests (openai/codex, `codex-api` headers)."""

DIGESTS = frozenset({"content-md5", "digest", "content-digest", "repr-digest"})
"""Header and trailer fields that hold a digest of the body."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestEdits:
    """The edits of one turn: its new header fields, the members to `put` into and to `drop` from the body.

    `changed` are the names of all headers and members that change. In `fields` the Content-Length is blank; `length_at`
    is its index if there is exactly one.
    """

    fields: Fields
    put: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()
    length_at: int | None = None


def plan_edits(turn: Turn, cache_key: CacheKey, *, strip: frozenset[str], omit_key: bool) -> RequestEdits:
    """Return the edits of a turn.

    `strip` names members to remove; with `omit_key`, no key is added to a body that came without one.
    """
    put, drop = _wants_key(turn, cache_key, omit_key), strip.intersection(turn.document)
    return _edits(turn.client_headers, cache_key.key, drop, put=put, in_headers=turn.transport == "http")


def plan_handshake_edits(client_headers: ClientHeaders) -> RequestEdits:
    """Return the edits of a WebSocket's handshake. Its session is that of its headers; no key is derived."""
    return _edits(client_headers, client_headers.session, frozenset(), put=False, in_headers=True)


def no_edits(client_headers: ClientHeaders) -> RequestEdits:
    """Return edits that change nothing."""
    return RequestEdits(fields=client_headers.fields)


def _wants_key(turn: Turn, cache_key: CacheKey, omit_key: bool) -> bool:
    """Return True if the key must be written to the body: it is absent, not in usable form, or another one."""
    omitted = omit_key and turn.explicit_key is None
    return cache_key.key is not None and turn.document.get(KEY_MEMBER) != cache_key.key and not omitted


@functools.lru_cache(maxsize=256)
def _edits(
    client_headers: ClientHeaders, key: str | None, drop: frozenset[str], *, put: bool, in_headers: bool
) -> RequestEdits:
    """Return the edits; they are the same for all turns of a conversation."""
    member = {KEY_MEMBER: key} if put and key is not None else {}
    wanted = _wanted_headers(client_headers, key) if in_headers and key is not None else {}
    fields: Fields = with_fields(client_headers.fields, wanted) if wanted else client_headers.fields
    stale = DIGESTS.intersection(client_headers.values) if in_headers and (drop or member) else ()
    if stale:
        fields = tuple(field for field in fields if field[0].lower().decode("latin-1") not in stale)
    names = (*wanted, *sorted(stale), *sorted({*drop, *member}))
    return RequestEdits(fields=fields, put=member, drop=drop, changed=names, length_at=length_index(fields))


def _wanted_headers(client_headers: ClientHeaders, key: str) -> dict[str, str]:
    """Return the headers that a client lacks, or sends with a value to be replaced."""
    if client_headers.native:
        return _native_header_changes(client_headers, key)
    wanted = {name: key for name in SESSION_HEADERS if client_headers.values.get(name) != [key]}
    request_id = first_value(client_headers.values, REQUEST_ID)
    lacks_all = request_id is None and not _given(client_headers)
    return wanted | ({REQUEST_ID: key} if lacks_all or _was_hashed_to(request_id, key) else {})


def _native_header_changes(client_headers: ClientHeaders, key: str) -> dict[str, str]:
    """Return what the official client lacks: the current spelling of its session header, and values in usable form.

    It never lacks both spellings, but a library with its marks can (codex-backend-sdk 0.5.9).
    """
    given = _given(client_headers)
    forms = {name: form for name, value in given.items() if (form := usable(value))}
    wanted = {name: form for name, form in forms.items() if form != given[name]}
    if CURRENT_SESSION_HEADER not in forms:
        wanted[CURRENT_SESSION_HEADER] = next(iter(forms.values()), key)
    request_id = first_value(client_headers.values, REQUEST_ID)
    hashed = [form for form in forms.values() if _was_hashed_to(request_id, form)]
    return wanted | ({REQUEST_ID: hashed[0]} if hashed else {})


def _given(client_headers: ClientHeaders) -> dict[str, str]:
    """Return the session headers that the client sent."""
    return {name: value for name in SESSION_HEADERS if (value := first_value(client_headers.values, name)) is not None}


def _was_hashed_to(value: str | None, key: str) -> bool:
    """Return True if `key` is the hashed form of `value`, which the backend would reject in this header as well."""
    return value is not None and value != key and usable(value) == key
