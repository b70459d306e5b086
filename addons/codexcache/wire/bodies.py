"""The bodies that a later one may start with, bounded in bytes.

A body is found by a few bytes at a place not far before the end of its last item. The places are the same for all
bodies, each some 6 % further than the one before, so a new body is asked at a few dozen of them, the last one first.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping

from .body import SHORTEST, Body, Known, known_of, read_on, read_whole

MEMORY = 64 << 20
"""Bytes of bodies that are remembered; one of more than a quarter of them is not."""

_PLACES = [int(SHORTEST * 1.06**step) for step in range(200)]
_WINDOW = 32

type _Place = tuple[int, bytes]


class Bodies[M]:
    """Bodies by place, with what their reader made of them."""

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
            if body := read_on(known, text):
                return body
        return read_whole(text)

    def remember(
        self,
        body: Body[M],
        made: M,
        *,
        drop: Collection[str] = (),
        put: Mapping[str, str] | None = None,
        sent: bytes | None = None,
    ) -> None:
        """Remember a body, what was made of all of its items, and what was sent, if that is the body after some edits.

        It takes the place of the one that it starts with.
        """
        known = known_of(body, made, drop, put or {}, sent)
        if body.known:
            self._forget(_place(body.known))
        if known and (cost := known.cost) <= self._limit // 4:
            self._forget(place := _place(known))
            self._known[place] = known
            self.size += cost
        while self.size > self._limit:
            self._forget(next(iter(self._known)))

    def _begun_by(self, text: bytes) -> Iterator[Known[M]]:
        """Yield the known bodies that a text starts with, the longest first."""
        for index in range(bisect_right(_PLACES, len(text)) - 1, -1, -1):
            place = _PLACES[index]
            if (known := self._known.get((place, text[place - _WINDOW : place]))) and known.begins(text):
                yield known

    def _forget(self, place: _Place) -> None:
        """Forget what is remembered at a place."""
        if old := self._known.pop(place, None):
            self.size -= old.cost


def _place[M](known: Known[M]) -> _Place:
    """Return the last place in a body's head, and the bytes before it."""
    place = _PLACES[bisect_right(_PLACES, known.end) - 1]
    return place, bytes(known.head[place - _WINDOW : place])
