"""Header fields as on the wire: (name, value) pairs of bytes, in order, with repeated names and their spelling kept."""

import functools
import re
from collections.abc import Mapping, Sequence

type Values = Mapping[str, Sequence[str]]
"""Header fields by lower-case name: the values of each, in order."""

Fields = Sequence[tuple[bytes, bytes]]

_LENGTH = b"content-length"
_PRODUCT = re.compile(r"[!-~]{1,80}")

_SECRET_FIELDS = frozenset(
    ("authorization", "chatgpt-account-id", "proxy-authorization", "x-codex-turn-metadata", "x-codex-turn-state")
)
_LOOKS_SECRET = re.compile(r"api-?key|attestation|cookie|credential|password|secret|token$")


def values_by_name(fields: Fields) -> Values:
    """Return the values of all fields, in order, by lower-case name.

    Bytes that are not UTF-8 become surrogates, as in mitmproxy's own headers.
    """
    found: dict[str, list[str]] = {}
    for field, value in fields:
        name = field.lower().decode("utf-8", "surrogateescape")
        found.setdefault(name, []).append(value.decode("utf-8", "surrogateescape"))
    return found


def first_value(values: Values, name: str) -> str | None:
    """Return the first value of a field, by lower-case name, or None."""
    return next(iter(values.get(name, ())), None)


@functools.lru_cache(maxsize=256)
def client_name(agent: str) -> str:
    """Return a user agent's first product with its version, empty if there is none that can be shown."""
    found = _PRODUCT.match(agent)
    return found[0] if found else ""


def is_event_stream(values: Values) -> bool:
    """Return True if header fields announce an event stream."""
    return _media_type(values).startswith("text/event-stream")


def is_document(values: Values) -> bool:
    """Return True if header fields announce a JSON document."""
    return _media_type(values).startswith("application/json")


def _media_type(values: Values) -> str:
    return values.get("content-type", ("",))[0].lower()


def coding_of(values: Values) -> str:
    """Return a message's content coding, blank where it has none."""
    return ", ".join(values.get("content-encoding", ()))


def length_index(fields: Fields) -> int | None:
    """Return the index of the Content-Length field, None if there is none or more than one."""
    indexes = [index for index, (name, _) in enumerate(fields) if name.lower() == _LENGTH]
    return indexes[0] if len(indexes) == 1 else None


def with_length(fields: Fields, length: bytes = b"", index: int | None = None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields with this Content-Length, blank by default. `index` is its `length_index`, if that is known."""
    if index is not None:
        return (*fields[:index], (fields[index][0], length), *fields[index + 1 :])
    size = len(_LENGTH)
    return tuple(
        [(field[0], length) if len(field[0]) == size and field[0].lower() == _LENGTH else field for field in fields]
    )


def length_of(fields: Fields) -> bytes:
    """Return the value of the first Content-Length field, empty if there is none."""
    return next((value for name, value in fields if name.lower() == _LENGTH), b"")


def with_fields(fields: Fields, given: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields with exactly one field of each given name.

    The first field of that name keeps its position and spelling and gets the new value; further ones are removed. A
    name that is missing is appended.
    """
    wanted = {name.lower().encode(): value.encode() for name, value in given.items()}
    kept, done = list[tuple[bytes, bytes]](), set[bytes]()
    for field in fields:
        if (name := field[0].lower()) not in wanted:
            kept.append(field)
        elif name not in done:
            done.add(name)
            kept.append((field[0], wanted[name]))
    missing = (name.encode() for name in given if name.lower().encode() not in done)
    return (*kept, *((name, wanted[name.lower()]) for name in missing))


def without_secrets(fields: Fields) -> tuple[tuple[bytes, bytes], ...]:
    """Return header fields without those that hold a credential or an account's id."""
    return tuple((name, value) for name, value in fields if not is_secret(name.decode("latin-1")))


def is_secret(name: str) -> bool:
    """Return True if a field of this name holds a secret."""
    return name.lower() in _SECRET_FIELDS or _LOOKS_SECRET.search(name.lower()) is not None
