"""A fuzzer's bytes, taken apart: the first ones choose, the rest is the text.

The choices come first and their number is fixed, so that any text becomes a seed by putting zeros before it.
"""

from collections.abc import Iterator, Sequence

from codexcache.wire.headers import Fields


class DataProvider:
    """Bytes from which choices are taken, one byte each; where there are no more, all choices are 0."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def number(self, below: int) -> int:
        """Take a number from 0 up to `below`, at most 256."""
        first = self.take(1)
        return first[0] % below if first else 0

    def pick[T](self, options: Sequence[T]) -> T:
        """Take one of some options."""
        return options[self.number(len(options))]

    def some[T](self, options: Sequence[T]) -> list[T]:
        """Take a selection of up to eight options."""
        bits = self.number(256)
        return [option for index, option in enumerate(options) if bits >> index & 1]

    def take(self, count: int) -> bytes:
        """Take so many bytes as they are."""
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken


def pieces(text: bytes, sizes: bytes) -> Iterator[bytes]:
    """Yield a text in pieces of these sizes, again and again; where a size is 0, the rest as a whole."""
    start, number = 0, 0
    while start < len(text):
        size = sizes[number % len(sizes)] if sizes else 0
        end = start + size if size else len(text)
        yield text[start:end]
        start, number = end, number + 1


def fields_of(head: bytes) -> Fields:
    """Return header fields from lines of `name: value`."""
    lines = (line.partition(b": ") for line in head.split(b"\n") if line)
    return tuple((name, value) for name, _, value in lines)


def head_and_body(text: bytes) -> tuple[Fields, bytes]:
    """Return header fields and what follows on the first blank line."""
    head, _, body = text.partition(b"\n\n")
    return fields_of(head), body
