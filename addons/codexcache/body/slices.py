"""Parsing a body that is like no earlier one, a slice at a time.

A first turn can have 10 MB. To parse them at once would hold up all other traffic, and fill the memory with objects of
which only digests are kept. So the body is read as if it had grown: first the members around the items, then the items
in slices, each of which extends what was read before it, and last the last item, which a question that is asked again
or another agent with the same history does not repeat.

Where a slice ends, and where the last item starts, is guessed: at the bytes that separate two items of the same
spelling. Every guess is checked. JSON is unambiguous: if a text is made of the start of an object up to the bracket of
its input, of slices that are each a list without its brackets, and of the end of a list with the members that follow,
then it is that object. Where a guess is wrong, a slice is no JSON: then another is tried, and after a few the body is
parsed as a whole.
"""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from .incremental import INPUT_START, Body, CachedBody, shifted, trimmed_end
from .json_splice import Json, Member, Object, Unreadable, as_list, find_members, parse, parse_value
from .prefix import MIN_PREFIX, PrefixDigests

SLICE = 1 << 19
"""Bytes of a slice, which is read within a millisecond or two."""

_AROUND = 1 << 20
"""Bytes that the members before the input may have, and among which the last item is looked for."""

_TRIES = 8
"""Guesses before a body is left to a whole parse."""

_INPUT = re.compile(rb'"input"[ \t\n\r]*+:([ \t\n\r]*+)\[([ \t\n\r]*+)(?=\{)')
_TOOLS, _NAME_OF_TOOLS = "tools", b'"tools"'

type Parse[M] = Callable[[Object, M | None], M | None]
"""Reads a document, or more items of it behind what was made of those before them; None if it must not be split."""

type Steps[T] = Generator[bool, None, T]
"""Work in steps, between which other work may be done; it yields whether the step that comes next takes long."""


class _Head(NamedTuple):
    """The members before the input, the offset of the input's name and list, and what separates two of its items."""

    fields: Object
    members: Sequence[Member]
    name: int
    start: int
    separator: bytes


class _Rest(NamedTuple):
    """The end of a body from one of its last items on: that offset, its parse, and the members from the input on."""

    start: int
    document: Object
    members: Sequence[Member]


def parse_in_slices[M](digests: PrefixDigests, parse_document: Parse[M]) -> Steps[Body[M] | None]:
    """Parse a body, yield between its slices, and return it; None for one that is unusual: then parse it as a whole.

    What is returned is a body that extends one without its last item, or without a few of the last.
    """
    text, count, parsed = digests.text, 0, None
    try:
        if (head := _read_head(text)) is None or (rest := _read_rest(text, head)) is None:
            return None
        if (end := rest.start + 2 - len(head.separator)) < MIN_PREFIX:
            return None
        fields = {**head.fields, **_without_input(rest.document)}
        for items in _slices(text, head.start, end, head.separator):
            if parsed is not None:
                yield False
            if (parsed := parse_document({**fields, "input": items}, parsed)) is None:
                return None
            count += len(items)
    except Unreadable:  # the whole parse says what is wrong
        return None
    assert parsed is not None
    items_end = trimmed_end(text, rest.members[0].end - 1)
    cached = CachedBody(
        prefix=digests.prefix(end),
        count=count,
        suffix=text[items_end:],
        members=[*head.members, *rest.members],
        items_end=items_end,
        input_index=len(head.members),
        fields=fields,
        parsed=parsed,
        edit=None,
    )
    document = {**fields, "input": rest.document["input"]}
    return Body(digests=digests, document=document, own_members=None, cached=cached, changed=())


def _read_head(text: bytes) -> _Head | None:
    """Return the members before the input, None if no list of objects is found by that name."""
    for match in islice(_INPUT.finditer(text, 0, _AROUND), _TRIES):
        head = text[: match.start(2)] + b"]}"
        with suppress(Unreadable):
            *members, given = find_members(head, document := parse(head))
            if given.start == match.start() and "input" not in {member.name for member in members}:
                separator = b"}," + (match[2] or match[1]) + b"{"
                return _Head(_without_input(document), members, given.start, match.start(2), separator)
    return None


def _read_rest(text: bytes, head: _Head) -> _Rest | None:
    """Return the last items and the members after them, None if they are not found.

    Tools follow the input in many bodies, and are separated as items are. So if no tools follow what was found, it may
    itself be one of them, and the last item is looked for before them.
    """
    earliest, found, end = max(head.start, len(text) - _AROUND), None, len(text)
    for _ in range(_TRIES):
        if (cut := text.rfind(head.separator, earliest, end)) < 0:
            break
        try:
            found = _rest_from(text, head, cut + len(head.separator) - 1)
        except Unreadable:
            end = cut
            continue
        if _TOOLS in {*head.fields, *found.document} or (end := text.rfind(_NAME_OF_TOOLS, earliest, cut)) < 0:
            break
    return found


def _rest_from(text: bytes, head: _Head, start: int) -> _Rest:
    """Return the end of a body from an item on. Raises Unreadable if there is none, or if a name comes twice."""
    rest = INPUT_START + text[start:]
    given, *after = find_members(rest, document := parse(rest))
    names, shift = {member.name for member in after}, start - len(INPUT_START)
    if "input" in names or not names.isdisjoint(head.fields):
        raise Unreadable("a member is repeated")
    whole = Member("input", head.name, head.start - 1, given.end + shift)
    return _Rest(start, document, [whole, *(shifted(member, shift) for member in after)])


def _slices(text: bytes, start: int, end: int, separator: bytes) -> Iterator[list[Json]]:
    """Yield the items between two offsets, slice by slice. Raises Unreadable if they are not found."""
    while start < end:
        items, stop = _slice(text, start, end, separator)
        yield items
        start = stop + 1  # the comma


def _slice(text: bytes, start: int, end: int, separator: bytes) -> tuple[list[Json], int]:
    """Return the items of a slice, and the offset after them. Raises Unreadable."""
    size = SLICE
    for number in range(_TRIES):
        cut = text.find(separator, start + size, end)
        stop = cut + 1 if cut >= 0 else end
        with suppress(Unreadable):
            lists = as_list(parse_value(b"".join((b"[[", memoryview(text)[start:stop], b"]]"))))
            if len(lists) == 1:  # else the list ends in this slice, and another starts
                return as_list(lists[0]), stop
        size = stop - start + 8**number  # the items within an item are few, or many
        if stop == end:
            break
    raise Unreadable("its items are not found")


def _without_input(document: Object) -> Object:
    return {name: value for name, value in document.items() if name != "input"}
