"""The cached bodies that a new one may start with, looked up by prefix and bounded in bytes.

A turn repeats the one before it and adds to it, so the latest body of each conversation is cached. But a question may
also be asked again, or one history be given to several agents: then all but the last item is repeated. So a body that
starts with no cached one is split: it is treated as if it extended a body without its last item, and that prefix is
cached apart, for as long as there is space.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from .incremental import Body, CachedBody, cached_body, parse_with_prefix, read_whole
from .prefix import OFFSETS, WINDOW, PrefixDigests, Probe
from .slices import SLICE, Parse, Steps, parse_in_slices

BODY_CACHE_BYTES = 32 << 20
"""Bytes of the latest bodies that are cached; shared prefixes may take a quarter more."""

_LONGEST_REST = 2 * SLICE
"""Bytes that are parsed at once behind a cached prefix; a body with more than that is parsed in slices."""

_NOTHING = None, 0


class BodyCache[M]:
    """Bodies, and what their reader, `parse`, makes of them."""

    def __init__(self, parse: Parse[M], limit: int = BODY_CACHE_BYTES) -> None:
        self._parse = parse
        self._latest, self._shared_prefixes = PrefixCache[M](limit), PrefixCache[M](limit // 4)

    @property
    def size(self) -> int:
        """Bytes that are cached."""
        return self._latest.size + self._shared_prefixes.size

    def __len__(self) -> int:
        """Return how many bodies are cached, shared prefixes included."""
        return len(self._latest) + len(self._shared_prefixes)

    def read(self, text: bytes) -> Body[M]:
        """Return the body, parsed incrementally if possible. Raises Unreadable for anything but a JSON object."""
        digests = PrefixDigests(text)
        return self._extending(digests) or finished(self._read_new(digests))

    def steps(self, text: bytes) -> Steps[Body[M]]:
        """Read a body as `read` does, but in steps."""
        digests = PrefixDigests(text)
        return self._extending(digests) or (yield from self._read_new(digests))

    def _extending(self, digests: PrefixDigests) -> Body[M] | None:
        """Return a body that starts with a cached one, None for any other."""
        for cached in self._prefixes_of(digests):
            is_near = len(digests.text) - cached.prefix.length <= _LONGEST_REST
            if is_near and (body := parse_with_prefix(cached, digests)):
                return body
        return None

    def _read_new(self, digests: PrefixDigests) -> Steps[Body[M]]:
        text = digests.text
        if (sliced := (yield from parse_in_slices(digests, self._parse))) is not None:
            return sliced
        if len(text) > _LONGEST_REST:
            yield True
        return read_whole(text)

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

    def _prefixes_of(self, digests: PrefixDigests) -> Iterator[CachedBody[M]]:
        return chain(self._latest.prefixes_of(digests), self._shared_prefixes.prefixes_of(digests))


def finished[T](steps: Steps[T]) -> T:
    """Return what some steps come to, all taken at once."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        result: T = end.value
        return result


class PrefixCache[M]:
    """An LRU cache of bodies by probe, of `limit` bytes in all; a body of more than a quarter of that is not cached."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0
        self._cached: OrderedDict[Probe, tuple[CachedBody[M], int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cached)

    def prefixes_of(self, digests: PrefixDigests) -> Iterator[CachedBody[M]]:
        """Yield the cached bodies whose prefix a text starts with, the longest first."""
        text = digests.text
        for index in range(bisect_right(OFFSETS, len(text)) - 1, -1, -1):
            offset = OFFSETS[index]
            cached, _ = self._cached.get((offset, text[offset - WINDOW : offset]), _NOTHING)
            if cached and digests.starts_with(cached.prefix):
                yield cached

    def put(self, cached: CachedBody[M]) -> None:
        """Add a body. It replaces one with the same probe, and evicts the oldest ones if space is needed."""
        if (cost := cached.cost) > self._limit // 4:
            return
        self._evict(probe := cached.prefix.probe)
        self._cached[probe] = cached, cost
        self.size += cost
        while self.size > self._limit:
            self._evict(next(iter(self._cached)))

    def drop(self, cached: CachedBody[M]) -> bool:
        """Remove a body; return True if it was here."""
        if is_here := self._cached.get(probe := cached.prefix.probe, _NOTHING)[0] is cached:
            self._evict(probe)
        return is_here

    def _evict(self, probe: Probe) -> None:
        self.size -= self._cached.pop(probe, _NOTHING)[1]
