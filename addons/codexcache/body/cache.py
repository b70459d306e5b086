"""The cached bodies that a new one may start with, looked up by prefix and bounded in bytes.

A turn repeats the one before it and adds to it, so the latest body of each conversation is cached. But a question may
also be asked again, or one history be given to several agents: then all but the last item is repeated. So a body that
starts with no cached one is split: it is treated as if it extended a body without its last item, and that prefix is
cached apart, for as long as there is space.

A body is looked up by a few bytes at a fixed offset, the last such offset in its prefix. The offsets are the same for
all bodies, each some 6 % larger than the one before. So a new body is looked up at a few dozen of them, the largest
first.
"""

import contextlib
import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain

import orjson

from .incremental import (
    MIN_PREFIX,
    Body,
    CachedBody,
    cached_body,
    locate_items,
    other_fields,
    parse_with_prefix,
    read_whole,
    trimmed_end,
)
from .json_splice import Json, Object

BODY_CACHE_BYTES = 64 << 20
"""Bytes of the latest bodies that are cached; shared prefixes may take a quarter more."""

_OFFSETS = [int(MIN_PREFIX * 1.06**step) for step in range(200)]
_WINDOW = 32

type _Probe = tuple[int, bytes]
"""An offset, and the bytes before it."""


class BodyCache[M]:
    """Bodies, and what their reader makes of them.

    `parse` is the reader: it turns a document into its parse, or returns None if the body must not be split.
    """

    def __init__(self, parse: Callable[[Object], M | None], limit: int = BODY_CACHE_BYTES) -> None:
        self._parse = parse
        self._latest, self._shared_prefixes = PrefixCache[M](limit), PrefixCache[M](limit // 4)

    @property
    def size(self) -> int:
        """Bytes that are cached."""
        return self._latest.size + self._shared_prefixes.size

    def __len__(self) -> int:
        """Return how many bodies are cached, shared prefixes included."""
        return len(self._latest) + len(self._shared_prefixes)

    def unparsed_length(self, text: bytes) -> int:
        """Return how many bytes of a body would have to be parsed: those after its longest cached prefix."""
        return len(text) - next((len(cached.prefix_bytes) for cached in self._prefixes_of(text)), 0)

    def read(self, text: bytes) -> Body[M]:
        """Return the body, parsed incrementally if possible. Raises Unreadable for anything but a JSON object."""
        for cached in self._prefixes_of(text):
            if body := parse_with_prefix(cached, text):
                return body
        return split_last_item(read_whole(text), self._parse)

    def remember(
        self,
        body: Body[M],
        parsed: M,
        *,
        drop: Collection[str] = (),
        put: Mapping[str, str] | None = None,
        edited_text: bytes | None = None,
    ) -> None:
        """Cache a body, the parse of all of its items, and the text that the edit `drop` and `put` made of it, if any.

        It replaces the body that it extends, but not a shared prefix.
        """
        if (cached := body.cached) and not self._latest.drop(cached):
            self._shared_prefixes.drop(cached)  # and put again, as the most recently used
            self._shared_prefixes.put(cached)
        if made := cached_body(body, parsed, drop, put or {}, edited_text):
            self._latest.put(made)

    def _prefixes_of(self, text: bytes) -> Iterator[CachedBody[M]]:
        return chain(self._latest.prefixes_of(text), self._shared_prefixes.prefixes_of(text))


class PrefixCache[M]:
    """An LRU cache of bodies by probe, of `limit` bytes in all; a body of more than a quarter of that is not cached."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0
        self._cached: OrderedDict[_Probe, CachedBody[M]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cached)

    def prefixes_of(self, text: bytes) -> Iterator[CachedBody[M]]:
        """Yield the cached bodies whose prefix the text starts with, the longest first."""
        for index in range(bisect_right(_OFFSETS, len(text)) - 1, -1, -1):
            offset = _OFFSETS[index]
            cached = self._cached.get((offset, text[offset - _WINDOW : offset]))
            if cached and text.startswith(cached.prefix_bytes):
                yield cached

    def put(self, cached: CachedBody[M]) -> None:
        """Add a body. It replaces one with the same probe, and evicts the oldest ones if space is needed."""
        if (cost := cached.cost) > self._limit // 4:
            return
        self._evict(probe := _probe(cached))
        self._cached[probe] = cached
        self.size += cost
        while self.size > self._limit:
            self._evict(next(iter(self._cached)))

    def drop(self, cached: CachedBody[M]) -> bool:
        """Remove a body; return True if it was here."""
        if is_here := self._cached.get(probe := _probe(cached)) is cached:
            self._evict(probe)
        return is_here

    def _evict(self, probe: _Probe) -> None:
        if old := self._cached.pop(probe, None):
            self.size -= old.cost


def _probe[M](cached: CachedBody[M]) -> _Probe:
    """Return the probe at the last offset within a body's prefix."""
    offset = _OFFSETS[bisect_right(_OFFSETS, len(cached.prefix_bytes)) - 1]
    return offset, bytes(cached.prefix_bytes[offset - _WINDOW : offset])


def split_last_item[M](body: Body[M], parse: Callable[[Object], M | None]) -> Body[M]:
    """Return a body that was parsed as a whole as one that extends a body without its last item, if it can be split.

    `parse` turns the document without that item into its parse, or returns None if the body must not be split.
    """
    if (found := locate_items(body)) is None:
        return body
    (index, end), fields = found, other_fields(body)
    given = body.document["input"]
    assert isinstance(given, list)
    *earlier, last = given
    if not earlier or (prefix_end := _end_of_earlier_items(body.text, end, last)) < MIN_PREFIX:
        return body
    if (parsed := parse({**fields, "input": earlier})) is None:
        return body
    cached = CachedBody(
        prefix_bytes=memoryview(body.text)[:prefix_end],
        suffix=body.text[end:],
        members=body.members,
        items_end=end,
        input_index=index,
        fields=fields,
        parsed=parsed,
        edit=None,
    )
    return Body(text=body.text, document={**fields, "input": [last]}, own_members=None, cached=cached, changed=())


def _end_of_earlier_items(text: bytes, end: int, last: Json) -> int:
    """Return the offset after the item before the last one, an object that ends at `end`; 0 if it is not found.

    Bytes that end where the last item ends, and spell the same object, are that item.
    """
    for spelled in _spellings(last):
        if text.endswith(spelled, 0, end) and text.startswith(b",", at := trimmed_end(text, end - len(spelled)) - 1):
            return trimmed_end(text, at)
    return 0


def _spellings(item: Json) -> Iterator[bytes]:
    """Yield the usual spellings of an object: without white space, and as Python's json writes it by default."""
    if isinstance(item, dict):
        with contextlib.suppress(TypeError):  # a lone surrogate, or an integer beyond 64 bits
            yield orjson.dumps(item)
        with contextlib.suppress(RecursionError):
            yield json.dumps(item).encode()
