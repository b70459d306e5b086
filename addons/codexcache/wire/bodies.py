"""The bodies that a later one may start with: the latest of each conversation, and what others began with.

A turn repeats the one before it and goes on. But a question may also be put anew, or one history be given to several
agents: then all but the last item is repeated. So a body that begins like no other is read as if all but its last item
had come before, and that is remembered for as long as there is room.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain

from .beginning import divided
from .body import Body, Known, known_of, read_whole
from .document import Object
from .going_on import read_on
from .shelf import Shelf

MEMORY = 64 << 20
"""Bytes of the latest bodies that are remembered; for beginnings there is a quarter more."""


class Bodies[M]:
    """Bodies, and what their reader makes of them.

    `make` turns a document into its reading, or returns None if the body must not be split.
    """

    def __init__(self, make: Callable[[Object], M | None], limit: int = MEMORY) -> None:
        self._make = make
        self._latest, self._beginnings = Shelf[M](limit), Shelf[M](limit // 4)

    @property
    def size(self) -> int:
        """Bytes that are remembered."""
        return self._latest.size + self._beginnings.size

    def __len__(self) -> int:
        """Return how many bodies are remembered, mere beginnings included."""
        return len(self._latest) + len(self._beginnings)

    def news(self, text: bytes) -> int:
        """Return how many bytes of a body would have to be read: those behind what is known of it."""
        return len(text) - next((known.end for known in self._begun_by(text)), 0)

    def read(self, text: bytes) -> Body[M]:
        """Return the body that `text` is. Raises Unreadable for anything but a JSON object."""
        for known in self._begun_by(text):
            if body := read_on(known, text):
                return body
        return divided(read_whole(text), self._make)

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

        It takes the place of the one that it starts with, but not of a mere beginning.
        """
        if (begun := body.known) and not self._latest.drop(begun):
            self._beginnings.drop(begun)  # and put there again, as what was used last
            self._beginnings.put(begun)
        if known := known_of(body, made, drop, put or {}, sent):
            self._latest.put(known)

    def _begun_by(self, text: bytes) -> Iterator[Known[M]]:
        return chain(self._latest.begun_by(text), self._beginnings.begun_by(text))
