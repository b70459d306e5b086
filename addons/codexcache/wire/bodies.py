"""Bodies read in the light of earlier ones: a turn repeats almost all of the turn that it goes on with.

What is remembered of a body is its text up to the end of the last item of its input. If a new body starts with the
same bytes, what they say is known. Only the rest is parsed, put behind an input that is empty so far, and the members
of both are joined. That costs one comparison for what is known and says exactly what a whole parse says; where
anything is out of the ordinary, the whole is parsed.

A body is found by a few bytes at a place not far before the end of what is remembered of it. The places are the same
for all bodies, each some 6 % further than the one before, so a new body is asked at a few dozen of them.
"""

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .document import Member, Object, Unreadable, find_members, parse

MEMORY = 64 << 20
"""Bytes of bodies that are remembered; one of more than a quarter of them is not."""

_PLACES = [int(512 * 1.06**step) for step in range(200)]
_WINDOW = 32
_FRONT = b'{"input":['
_GOES_ON = re.compile(rb"[ \t\n\r]*+(?:,(?![ \t\n\r]*+\])|(?=\]))")

type _Place = tuple[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Body[M]:
    """A body: its text, what it says, and where its members stand.

    `known` is the earlier body that this one starts with; the input in `document` then holds only the items behind its.
    """

    text: bytes
    document: Object
    members: Sequence[Member]
    known: "Known[M] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Known[M]:
    """What is remembered of a body: the text up to the end of its last item, and the members in it, the input last.

    `made` is what its reader made of the items.
    """

    text: bytes
    document: Object
    members: Sequence[Member]
    made: M


class Bodies[M]:
    """The bodies that a later one may start with."""

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self.size = 0
        self._known: OrderedDict[_Place, Known[M]] = OrderedDict()

    def read(self, text: bytes) -> Body[M]:
        """Return the body that `text` is. Raises Unreadable for anything but a JSON object."""
        for place in _places(text):
            if (known := self._known.get(place)) and (body := _read_behind(known, text)):
                return body
        document = parse(text)
        return Body(text=text, document=document, members=find_members(text, document))

    def remember(self, body: Body[M], made: M) -> None:
        """Remember a body and what was made of all of its items, in the place of the one that it starts with."""
        if body.known:
            self._forget(_place(body.known.text))
        if (known := _known(body, made)) and len(known.text) <= self._limit // 4:
            self._forget(_place(known.text))
            self._known[_place(known.text)] = known
            self.size += len(known.text)
        while self.size > self._limit:
            self._forget(next(iter(self._known)))

    def _forget(self, place: _Place) -> None:
        if known := self._known.pop(place, None):
            self.size -= len(known.text)


def _place(text: bytes) -> _Place:
    """Return the last place in a text, and the bytes before it."""
    place = _PLACES[bisect_right(_PLACES, len(text)) - 1]
    return place, text[place - _WINDOW : place]


def _places(text: bytes) -> list[_Place]:
    """Return the places in a text, and the bytes before each, the last one first."""
    count = bisect_right(_PLACES, len(text))
    return [(place, text[place - _WINDOW : place]) for place in reversed(_PLACES[:count])]


def _known[M](body: Body[M], made: M) -> Known[M] | None:
    """Return what to remember of a body.

    There is nothing where the input is no list or has no items, or where a name before its end stands again behind it.
    """
    inputs = [index for index, member in enumerate(body.members) if member.name == "input"]
    if len(inputs) != 1 or not isinstance(body.document["input"], list):
        return None
    given = body.members[inputs[0]]
    end = len(body.text[: given.end - 1].rstrip(b" \t\n\r"))
    if end <= given.value + 1 or end < _PLACES[0]:
        return None
    members = [*body.members[: inputs[0]], replace(given, end=end)]
    names = {member.name for member in members[:-1]}
    if not names.isdisjoint(member.name for member in body.members[inputs[0] + 1 :]):
        return None
    document = {name: value for name, value in body.document.items() if name in names}
    return Known(text=body.text[:end], document=document, members=members, made=made)


def _read_behind[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Read what follows on a known body, None where that is not to be done."""
    end = len(known.text)
    goes_on = _GOES_ON.match(text, end) if text.startswith(known.text) else None
    if goes_on is None:
        return None
    behind = _FRONT + text[goes_on.end() :]
    try:
        document = parse(behind)
    except Unreadable:
        return None  # the whole parse finds the words for what is wrong
    given, *members = find_members(behind, document)
    if "input" in {member.name for member in members}:
        return None
    shift = goes_on.end() - len(_FRONT)
    moved = [_moved(member, shift) for member in members]
    whole = replace(known.members[-1], end=given.end + shift)
    return Body(
        text=text,
        document={**known.document, **document},
        members=[*known.members[:-1], whole, *moved],
        known=known,
    )


def _moved(member: Member, shift: int) -> Member:
    return replace(member, start=member.start + shift, value=member.value + shift, end=member.end + shift)
