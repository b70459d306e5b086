"""Header fields as they stand on the wire: pairs of bytes, in order, repeated names and spelling kept."""

from collections.abc import Mapping, Sequence

Fields = Sequence[tuple[bytes, bytes]]

_LENGTH = b"content-length"

type Values = Mapping[str, Sequence[str]]
"""Header fields by their lower-case names: the values of each, in order."""


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
    """Return the value of the first field of a lower-case name, or None."""
    return next(iter(values.get(name, ())), None)


def length_index(fields: Fields) -> int | None:
    """Return the index of the field with the length of the body, None where there is none, or more than one."""
    places = [place for place, (name, _) in enumerate(fields) if name.lower() == _LENGTH]
    return places[0] if len(places) == 1 else None


def with_length(fields: Fields, length: bytes = b"", place: int | None = None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields with this length of a body, left blank by default, in its place, which may be known."""
    if place is not None:
        return (*fields[:place], (fields[place][0], length), *fields[place + 1 :])
    size = len(_LENGTH)
    return tuple(
        [(field[0], length) if len(field[0]) == size and field[0].lower() == _LENGTH else field for field in fields]
    )


def length_of(fields: Fields) -> bytes:
    """Return the length of a body as the fields give it, nothing where they do not."""
    return next((value for name, value in fields if name.lower() == _LENGTH), b"")


def with_fields(fields: Fields, given: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields with exactly one of each given name: the first is given its value in its place and spelling,
    others of the name go, and where there was none it is appended.
    """
    fresh = {name.lower().encode(): value.encode() for name, value in given.items()}
    kept, put = list[tuple[bytes, bytes]](), set[bytes]()
    for field in fields:
        if (name := field[0].lower()) not in fresh:
            kept.append(field)
        elif name not in put:
            put.add(name)
            kept.append((field[0], fresh[name]))
    missing = (name.encode() for name in given if name.lower().encode() not in put)
    return (*kept, *((name, fresh[name.lower()]) for name in missing))
