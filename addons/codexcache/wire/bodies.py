"""Bodies read in the light of earlier ones: a turn repeats almost all of the turn that it goes on with.

A body is its input's items and the frame around them: what stands before, and what stands behind. If a new body starts
with the same bytes as an earlier one, up to the end of its last item, what they say is known. If it also ends with the
same bytes, only what stands between is parsed, as items of a list; if it ends otherwise, all of the rest is, behind an
input that is empty so far. That costs a comparison for what is known and says exactly what a whole parse says; where
anything is out of the ordinary, the whole is parsed.

A body is found by a few bytes at a place not far before the end of its last item. The places are the same for all
bodies, each some 6 % further than the one before, so a new body is asked at a few dozen of them, the last one first.
"""

import contextlib
import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import orjson

from ..unchanging import unchanging
from .document import Json, Member, Object, Unreadable, find_members, parse

MEMORY = 64 << 20
"""Bytes of bodies that are remembered; one of more than a quarter of them is not."""

_PARSED = 4
"""Bytes that a byte of a frame takes up in memory beside its text, as objects (tools, measured on CPython 3.13)."""

_PLACES = [int(512 * 1.06**step) for step in range(200)]
_WINDOW = 32
_WHITE = b" \t\n\r"
_FRONT = b'{"input":['
_GOES_ON = re.compile(rb"[ \t\n\r]*+(?:,(?![ \t\n\r]*+\])|(?=\]))")

type _Place = tuple[int, bytes]


@unchanging
class Body[M]:
    """A body: its text, what it says, and where its members stand.

    `known` is the earlier body that this one starts with; the input in `document` then holds only the items behind its.
    `same_frame` tells that nothing but those items is new.
    """

    text: bytes
    document: Object
    members: Sequence[Member]
    known: "Known[M] | None" = None
    same_frame: bool = False

    @property
    def made(self) -> M | None:
        """What its reader made of the earlier body, if there is one."""
        return self.known.made if self.known else None


@unchanging
class Known[M]:
    """What is remembered of a body: the bytes up to its last item, those behind, its members, and what its frame says.

    The first `end` bytes of `head` count: a body that goes on with this one appends to it what is new.
    `place` is the input's place among the members. `made` is what its reader made of the whole.
    """

    head: bytearray
    end: int
    tail: bytes
    members: Sequence[Member]
    place: int
    frame: Object
    made: M

    @property
    def cost(self) -> int:
        """Bytes that this takes up in memory."""
        before = self.members[self.place].value
        return self.end + len(self.tail) + _PARSED * (before + len(self.tail))

    def begins(self, text: bytes) -> bool:
        """Tell whether a text starts with this one's head."""
        with memoryview(self.head) as whole, whole[: self.end] as head:
            return text.startswith(head)


class Bodies[M]:
    """The bodies that a later one may start with."""

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self.size = 0
        self._known: OrderedDict[_Place, Known[M]] = OrderedDict()

    def news(self, text: bytes) -> int:
        """Return how many bytes of a body would have to be read: those behind what is known of it."""
        return len(text) - next((known.end for known in self._begun_by(text)), 0)

    def read(self, text: bytes) -> Body[M]:
        """Return the body that `text` is. Raises Unreadable for anything but a JSON object."""
        for known in self._begun_by(text):
            if body := _read_between(known, text) or _read_behind(known, text):
                return body
        document = parse(text)
        return Body(text=text, document=document, members=find_members(text, document))

    def remember(self, body: Body[M], made: M) -> None:
        """Remember a body and what was made of all of its items, in the place of the one that it starts with."""
        if body.known:
            self._forget(body.known)
        if (known := _known(body, made)) and known.cost <= self._limit // 4:
            self._forget(known)
            self._known[_place(known)] = known
            self.size += known.cost
        while self.size > self._limit:
            self._forget(next(iter(self._known.values())))

    def _begun_by(self, text: bytes) -> Iterator[Known[M]]:
        """Yield the known bodies that a text starts with, the longest first."""
        for place in _places(text):
            if (known := self._known.get(place)) and known.begins(text):
                yield known

    def _forget(self, known: Known[M]) -> None:
        """Forget what is remembered in the place of a body."""
        if old := self._known.pop(_place(known), None):
            self.size -= old.cost


def _place[M](known: Known[M]) -> _Place:
    """Return the last place in a body's head, and the bytes before it."""
    place = _PLACES[bisect_right(_PLACES, known.end) - 1]
    return place, bytes(known.head[place - _WINDOW : place])


def _places(text: bytes) -> Iterator[_Place]:
    """Yield the places in a text, and the bytes before each, the last one first."""
    for index in range(bisect_right(_PLACES, len(text)) - 1, -1, -1):
        place = _PLACES[index]
        yield place, text[place - _WINDOW : place]


def _known[M](body: Body[M], made: M) -> Known[M] | None:
    """Return what to remember of a body, if it can be gone on with."""
    if body.known and body.same_frame:
        tail, frame = body.known.tail, body.known.frame
        place, end = body.known.place, len(body.text) - len(tail)
    elif (found := _input_of(body)) is not None:
        place, end = found
        frame, tail = {name: value for name, value in body.document.items() if name != "input"}, body.text[end:]
    else:
        return None
    head = _head_of(body, end)
    return Known(head=head, end=end, tail=tail, members=body.members, place=place, frame=frame, made=made)


def _head_of[M](body: Body[M], end: int) -> bytearray:
    """Return the bytes of a body up to `end`: those of the body that it goes on with, and what is new."""
    known = body.known
    if known is not None and len(known.head) == known.end:  # else another body has gone on with it
        with contextlib.suppress(BufferError):  # a thread is just looking at it
            known.head.extend(memoryview(body.text)[known.end : end])
            return known.head
    return bytearray(memoryview(body.text)[:end])


def _input_of[M](body: Body[M]) -> tuple[int, int] | None:
    """Return the place of a body's input among its members, and the offset behind its last item.

    There is nothing where it is no list or has no items, or where a name before its end stands again behind it.
    """
    names = [member.name for member in body.members]
    if names.count("input") != 1 or not isinstance(body.document["input"], list):
        return None
    place = names.index("input")
    end = _end_of_items(body.text, body.members[place])
    repeats = not set(names[:place]).isdisjoint(names[place + 1 :])
    return None if repeats or end <= body.members[place].value + 1 or end < _PLACES[0] else (place, end)


def _end_of_items(text: bytes, given: Member) -> int:
    """Return the offset behind the last item of a list."""
    end = given.end - 1
    while text[end - 1] in _WHITE:
        end -= 1
    return end


def _read_between[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Read the items that stand between what is known at both ends, None where that is not all that is new."""
    end = len(text) - len(known.tail)
    if end < known.end or not text.endswith(known.tail) or (items := _items(text[known.end : end])) is None:
        return None
    more, given = end - known.end, known.members[known.place]
    behind = [_moved(member, more) for member in known.members[known.place + 1 :]]
    return Body(
        text=text,
        document={**known.frame, "input": items},
        members=[*known.members[: known.place], given._replace(end=given.end + more), *behind],
        known=known,
        same_frame=True,
    )


def _items(text: bytes) -> list[Json] | None:
    """Return the items that a list goes on with, None for anything but a comma and items, or white space alone."""
    comma, _, rest = text.partition(b",")
    if comma.strip(_WHITE):
        return None
    try:
        items: list[Json] = orjson.loads(b"[" + rest + b"]")
    except orjson.JSONDecodeError:
        return None
    return items if items or len(comma) == len(text) else None


def _read_behind[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Read all that follows on a known head, None where that is not to be done."""
    if (goes_on := _GOES_ON.match(text, known.end)) is None:
        return None
    behind = _FRONT + text[goes_on.end() :]
    try:
        document = parse(behind)
    except Unreadable:
        return None  # the whole parse finds the words for what is wrong
    given, *members = find_members(behind, document)
    before = known.members[: known.place]
    if "input" in {member.name for member in members}:
        return None
    shift = goes_on.end() - len(_FRONT)
    whole = known.members[known.place]._replace(end=given.end + shift)
    return Body(
        text=text,
        document={**{member.name: known.frame[member.name] for member in before}, **document},
        members=[*before, whole, *(_moved(member, shift) for member in members)],
        known=known,
    )


def _moved(member: Member, shift: int) -> Member:
    name, start, value, end = member
    return Member(name, start + shift, value + shift, end + shift)
