"""What a store is. All of its methods block, raise StoreError, and are called in a thread of their own."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, Self

NAME = 16
"""Bytes of an entry's name."""


class StoreError(Exception):
    """A store cannot be used; the message says why, as the end of a sentence, and holds no credential."""


class StoreBroken(StoreError):
    """A store is damaged, and will not be right again by itself."""


class StoreLocked(StoreError):
    """A store is in use by another process for too long."""


class Held(NamedTuple):
    """How many entries a store holds, and how many bytes they take up; None where a store does not know."""

    entries: int | None
    size: int | None


class Store(Protocol):
    """Entries by name; each is forgotten after a time, or for lack of space, the oldest first.

    A store that `comes_back` is tried again where it cannot be opened. `notice` is what the user is to be told of how
    it was opened.
    """

    comes_back: bool
    notice: str | None

    def another(self) -> Self:
        """Return what a second thread can use for the same entries."""

    def get(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return those of some entries that are known."""

    def put(self, entries: Mapping[bytes, bytes]) -> None:
        """Write entries, all or none of them; those of these names are replaced."""

    def starting(self, prefix: bytes) -> dict[bytes, bytes]:
        """Return the entries whose names start so. A server looks at all of its names for that."""

    def claim(self, name: bytes, value: bytes) -> bytes:
        """Return an entry, which is written first if there is none: of several proxies, one does so."""

    def held(self) -> Held:
        """Return what is held."""

    def clear(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Let go of file or connection."""
