"""The bodies that a later one may start with: the latest of each conversation, and what others began with.

A turn repeats the one before it and goes on. But a question may also be put anew, or one history be given to several
agents: then all but the last item is repeated. So a body that begins like no other is read as if all but its last item
had come before, and that is remembered for as long as there is room.
"""

import contextlib
import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain

import orjson

from .incremental import (
    SHORTEST,
    Body,
    CachedBody,
    cached_body,
    locate_items,
    other_members,
    parse_with_prefix,
    read_whole,
    skip_white_back,
)
from .json_splice import Json, Object

# Splits a body that matches no known one: all but its last item is kept as a prefix that other bodies may share.
#
# Other bodies may begin so, too: a question is put anew, or one history is given to several agents. So such a body is
# read as if it went on with another, which said all of it but the last item.


def split_last_item[M](body: Body[M], make: Callable[[Object], M | None]) -> Body[M]:
    """Return a body that was read by itself as one that goes on with all but its last item, if that can be told.

    `make` turns a document into its reading, or returns None if the body must not be split.
    """
    if (found := locate_items(body)) is None:
        return body
    (place, end), frame = found, other_members(body)
    given = body.document["input"]
    assert isinstance(given, list)
    *before, last = given
    if not before or (begun := _end_before(body.text, end, last)) < SHORTEST:
        return body
    if (made := make({**frame, "input": before})) is None:
        return body
    known = CachedBody(
        prefix_bytes=memoryview(body.text)[:begun],
        suffix=body.text[end:],
        members=body.members,
        items_end=end,
        input_index=place,
        fields=frame,
        parsed=made,
        edit=None,
    )
    return Body(text=body.text, document={**frame, "input": [last]}, own_members=None, cached=known, changed=())


def _end_before(text: bytes, end: int, last: Json) -> int:
    """Return the offset behind the item before the last one, an object that ends at `end`; 0 where it is not found.

    What ends where the list's last item does, and closes all brackets that it opens, is that item.
    """
    for spelled in _spellings(last):
        if text.endswith(spelled, 0, end) and text.startswith(
            b",", comma := skip_white_back(text, end - len(spelled)) - 1
        ):
            return skip_white_back(text, comma)
    return 0


def _spellings(item: Json) -> Iterator[bytes]:
    """Yield how most clients spell an object: without white space, or as Python does by default."""
    if isinstance(item, dict):
        with contextlib.suppress(TypeError):  # a lone surrogate, or an integer beyond 64 bits
            yield orjson.dumps(item)
        with contextlib.suppress(RecursionError):
            yield json.dumps(item).encode()


# Bodies that a later one may start with, found by what they begin with, and bounded in bytes.
#
# A body is found by a few bytes at a place not far before the end of its last item. The places are the same for all
# bodies, each some 6 % further than the one before, so a new body is asked at a few dozen of them, the last one first.

_PROBES = [int(SHORTEST * 1.06**step) for step in range(200)]
_WINDOW = 32

type _Probe = tuple[int, bytes]


class PrefixCache[M]:
    """Bodies by place, of `limit` bytes; one of more than a quarter of them is not put here."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0
        self._known: OrderedDict[_Probe, CachedBody[M]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def prefixes_of(self, text: bytes) -> Iterator[CachedBody[M]]:
        """Yield the known bodies that a text starts with, the longest first."""
        for index in range(bisect_right(_PROBES, len(text)) - 1, -1, -1):
            place = _PROBES[index]
            if (known := self._known.get((place, text[place - _WINDOW : place]))) and known.begins(text):
                yield known

    def put(self, known: CachedBody[M]) -> None:
        """Put a body here, in the place of one that cannot be told from it there; the oldest ones go for it."""
        if (cost := known.cost) > self._limit // 4:
            return
        self._forget(place := _probe(known))
        self._known[place] = known
        self.size += cost
        while self.size > self._limit:
            self._forget(next(iter(self._known)))

    def drop(self, known: CachedBody[M]) -> bool:
        """Take a body away; tell whether it was here."""
        if is_here := self._known.get(place := _probe(known)) is known:
            self._forget(place)
        return is_here

    def _forget(self, place: _Probe) -> None:
        if old := self._known.pop(place, None):
            self.size -= old.cost


def _probe[M](known: CachedBody[M]) -> _Probe:
    """Return the last place in a body's head, and the bytes before it."""
    place = _PROBES[bisect_right(_PROBES, known.prefix_length) - 1]
    return place, bytes(known.prefix_bytes[place - _WINDOW : place])


BODY_CACHE_BYTES = 64 << 20
"""Bytes of the latest bodies that are remembered; for beginnings there is a quarter more."""


class BodyCache[M]:
    """Bodies, and what their reader makes of them.

    `make` turns a document into its reading, or returns None if the body must not be split.
    """

    def __init__(self, make: Callable[[Object], M | None], limit: int = BODY_CACHE_BYTES) -> None:
        self._make = make
        self._latest, self._shared_prefixes = PrefixCache[M](limit), PrefixCache[M](limit // 4)

    @property
    def size(self) -> int:
        """Bytes that are remembered."""
        return self._latest.size + self._shared_prefixes.size

    def unparsed_length(self, text: bytes) -> int:
        """Return how many bytes of a body would have to be read: those behind what is known of it."""
        return len(text) - next((known.prefix_length for known in self._prefixes_of(text)), 0)

    def read(self, text: bytes) -> Body[M]:
        """Return the body that `text` is. Raises Unreadable for anything but a JSON object."""
        for known in self._prefixes_of(text):
            if body := parse_with_prefix(known, text):
                return body
        return split_last_item(read_whole(text), self._make)

    def remember(
        self,
        body: Body[M],
        parsed: M,
        *,
        drop: Collection[str] = (),
        put: Mapping[str, str] | None = None,
        edited_text: bytes | None = None,
    ) -> None:
        """Remember a body, what was made of all of its items, and what was sent, if that is the body after some edits.

        It takes the place of the one that it starts with, but not of a mere beginning.
        """
        if (begun := body.cached) and not self._latest.drop(begun):
            self._shared_prefixes.drop(begun)  # and put there again, as what was used last
            self._shared_prefixes.put(begun)
        if known := cached_body(body, parsed, drop, put or {}, edited_text):
            self._latest.put(known)

    def _prefixes_of(self, text: bytes) -> Iterator[CachedBody[M]]:
        return chain(self._latest.prefixes_of(text), self._shared_prefixes.prefixes_of(text))
