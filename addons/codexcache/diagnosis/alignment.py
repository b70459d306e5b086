"""Which items of a turn's input stand for which of its predecessor's, told by digests, sizes and kinds.

Both begin with the same items. Of what follows, equal items in the same order are kept; the longest such sequence is
found as in a patience diff: among the items that occur once on both sides, and between them with `difflib`. An item
that is not kept was moved if an equal one stands elsewhere. Otherwise it was changed if one of the same kind is in its
place: the output of a call that was kept, say. Else it was dropped. What stands behind the last kept item was appended
and is no edit.
"""

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from difflib import SequenceMatcher
from operator import attrgetter
from typing import NamedTuple

from ..turn.item_list import Item, Items
from ..turn.shape import ORDER, WHITE_SPACE

DROPPED, INSERTED, SHORTENED, MOVED = "dropped", "inserted", "shortened", "moved"
REWRITTEN, RE_SPELLED = "rewritten", "re-spelled"

_CLIENT_MESSAGES = frozenset({"user message", "developer message", "system message", "message"})
_MODEL_ITEMS = frozenset({"assistant message", "reasoning"})

_SHORT_OUTPUT, _SHORT_MESSAGE = 0.9, 0.5
"""Shares of its size to which an item is shortened: a message that is a little shorter says something else."""

_SHORT = 200
"""Bytes of a message, with the names of its members, below which it proves nothing: "go on", say."""

_LARGEST_GAP = 4_000
"""Pairs of items between two kept ones up to which repeated items are compared."""

type _Pair = tuple[int, int]
"""The index of an item of the turn, and of one of its predecessor."""


class Step(NamedTuple):
    """What happened to one item: its index in the turn and in the predecessor, -1 where it is not there.

    `at` is the index in the predecessor at which the two differ by it; `volatile` names what alone differs in it.
    """

    kind: str
    new: int
    old: int
    at: int
    volatile: tuple[str, ...] = ()


class Alignment(NamedTuple):
    """How many items both begin with, the later pairs that are kept, and the steps in the order of their places."""

    shared: int
    kept: tuple[_Pair, ...]
    steps: tuple[Step, ...]


def align(new: Items, old: Items) -> Alignment:
    """Return how the items of a predecessor (`old`) became those of a turn."""
    shared = new.common_prefix_length(old)
    if shared == len(old):
        return Alignment(shared, (), ())
    equal = _equal_items(new.digests(shared), old.digests(shared))
    kept = _without_moved_end(new, old, [(n + shared, o + shared) for n, o in equal], shared)
    gaps = [*_gaps(new, old, kept, shared)]
    is_reordered = _is_reordered(new, old, shared)
    if not is_reordered and _is_another_branch(gaps, [old[o] for _, o in kept]):
        return Alignment(shared, (), tuple(Step(DROPPED, -1, index, index) for index in range(shared, len(old))))
    steps = [*_moved(gaps)] if is_reordered else _moved_apart(gaps)
    steps += [step for find in (_in_place, _Gap.rest) for gap in gaps for step in find(gap)]
    return Alignment(shared, tuple(kept), tuple(sorted(steps, key=lambda step: (step.at, step.new))))


def _equal_items(new: list[int], old: list[int]) -> list[_Pair]:
    """Return pairs of equal digests that rise on both sides."""
    anchors = _rising(_unique_pairs(new, old))
    pairs = list[_Pair]()
    start_new = start_old = 0
    for n, o in (*anchors, (len(new), len(old))):
        pairs += _repeated_items(new, old, (start_new, n), (start_old, o))
        if o < len(old):
            pairs.append((n, o))
        start_new, start_old = n + 1, o + 1
    return pairs


def _unique_pairs(new: list[int], old: list[int]) -> Iterator[_Pair]:
    """Yield the pairs of digests that occur once on both sides."""
    counts, olds = Counter(new), Counter(old)
    places = {digest: index for index, digest in enumerate(new) if counts[digest] == 1}
    for index, digest in enumerate(old):
        if digest in places and olds[digest] == 1:
            yield places[digest], index


def _rising(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Return the longest sequence of pairs, given in the order of the predecessor, that rises in the turn too."""
    ends, links = list[int](), list[tuple[_Pair, int]]()  # of the best sequence of each length: its end in the turn
    last = list[int]()
    for pair in pairs:
        length = bisect_left(ends, pair[0])
        links.append((pair, last[length - 1] if length else -1))
        ends[length : length + 1], last[length : length + 1] = [pair[0]], [len(links) - 1]
    found, link = list[_Pair](), last[-1] if last else -1
    while link >= 0:
        pair, link = links[link]
        found.append(pair)
    return found[::-1]


def _repeated_items(new: list[int], old: list[int], news: _Pair, olds: _Pair) -> Iterator[_Pair]:
    """Yield pairs between two anchors, of items that occur several times."""
    one, other = new[slice(*news)], old[slice(*olds)]
    for start, end, size in _blocks(one, other):
        for index in range(size):
            yield news[0] + start + index, olds[0] + end + index


def _blocks(one: list[int], other: list[int]) -> Iterator[tuple[int, int, int]]:
    """Yield start, start in the other and length of equal parts: at both ends, and between them if that is little."""
    head = _common_length(one, other)
    tail = _common_length(one[head:][::-1], other[head:][::-1])
    inner, other_inner = one[head : len(one) - tail], other[head : len(other) - tail]
    yield 0, 0, head
    if len(inner) * len(other_inner) <= _LARGEST_GAP and not set(inner).isdisjoint(other_inner):
        for block in SequenceMatcher(None, inner, other_inner, autojunk=False).get_matching_blocks():
            yield head + block.a, head + block.b, block.size
    yield len(one) - tail, len(other) - tail, tail


def _common_length(one: list[int], other: list[int]) -> int:
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _without_moved_end(new: Items, old: Items, kept: list[_Pair], shared: int) -> list[_Pair]:
    """Leave out the client's last messages where they moved behind what the model said since.

    Some clients send a context as the last message of each request. Then it is that which moved.
    """
    run = 0
    while run < len(kept) and kept[-1 - run] == (kept[-1][0] - run, len(old) - 1 - run):
        run += 1
    if not run or not all(old[o].kind in _CLIENT_MESSAGES for _, o in kept[-run:]):
        return kept
    before = kept[-run - 1] if run < len(kept) else (shared - 1, shared - 1)
    is_behind_answer = any(_is_models(new[index].kind) for index in range(before[0] + 1, kept[-run][0]))
    return kept[:-run] if is_behind_answer and kept[-run][1] == before[1] + 1 else kept


def _is_another_branch(gaps: "list[_Gap]", kept: list[Item]) -> bool:
    """Return True if the model said something else, and all that is kept is what is said in many conversations."""
    if not all(item.kind in _CLIENT_MESSAGES and item.size < _SHORT for item in kept):
        return False
    return any(gap.is_answered_otherwise() for gap in gaps)


def _is_clients(kind: str) -> bool:
    return kind in _CLIENT_MESSAGES or kind.endswith("_output")


def _is_models(kind: str) -> bool:
    return kind in _MODEL_ITEMS or kind.endswith("_call")


class _Gap:
    """The items between two kept ones that have no counterpart yet, by index; the last gap is behind all kept ones."""

    def __init__(self, new: Items, news: range, old: Items, olds: range, *, is_last: bool) -> None:
        self.news = {index: new[index] for index in news}
        self.olds = {index: old[index] for index in olds}
        self.at, self.is_last = olds.start, is_last

    def is_answered_otherwise(self) -> bool:
        """Return True if there are items of the model on both sides, before something that is kept."""
        sides = (any(_is_models(item.kind) for item in side.values()) for side in (self.news, self.olds))
        return not self.is_last and all(sides)

    def pair(self, new: int, old: int, source: "_Gap") -> Step:
        """Take an item of the turn and one of the predecessor, from this gap or another, as changed."""
        one, other = self.news.pop(new), source.olds.pop(old)
        return Step(_kind_of_change(one, other), new, old, min(old, self.at), one.shape.differing(other.shape))

    def rest(self) -> Iterator[Step]:
        """Yield what was dropped and inserted; what is new at the end was appended."""
        yield from (Step(DROPPED, -1, old, old) for old in self.olds)
        if not self.is_last:
            yield from (Step(INSERTED, new, -1, self.at) for new in self.news)


def _gaps(new: Items, old: Items, kept: list[_Pair], shared: int) -> Iterator[_Gap]:
    start_new = start_old = shared
    for n, o in (*kept, (len(new), len(old))):
        if n > start_new or o > start_old:
            yield _Gap(new, range(start_new, n), old, range(start_old, o), is_last=o == len(old))
        start_new, start_old = n + 1, o + 1


def _kind_of_change(new: Item, old: Item) -> str:
    if new.shape.says_the_same(old.shape):
        differing = {*new.shape.differing(old.shape)}
        is_spelling = differing <= {WHITE_SPACE, ORDER} and (differing or new.kind.endswith("_call"))
        return RE_SPELLED if is_spelling else REWRITTEN
    share = _SHORT_MESSAGE if new.kind.endswith(" message") else _SHORT_OUTPUT
    return SHORTENED if new.size <= share * old.size else REWRITTEN


def _is_reordered(new: Items, old: Items, shared: int) -> bool:
    """Return True if the turn has all items of its predecessor at its start, but in another order."""
    return Counter(new.digests(shared, len(old))) == Counter(old.digests(shared))


def _moved_apart(gaps: list[_Gap]) -> list[Step]:
    """Return the steps of items that moved; what was dropped and is said again at the end did not move there."""
    return [*_moved([gap for gap in gaps if not gap.is_last]), *_moved([gap for gap in gaps if gap.is_last])]


def _moved(gaps: list[_Gap]) -> Iterator[Step]:
    """Yield the steps of equal items."""
    places = _places(gaps, attrgetter("digest"))
    for source in gaps:
        for old, item in [*source.olds.items()]:
            if found := places.get(item.digest):
                gap, new = found.popleft()
                del gap.news[new], source.olds[old]
                yield Step(MOVED, new, old, min(old, gap.at), (ORDER,))


def _in_place(gap: _Gap) -> Iterator[Step]:
    """Yield the steps of items that were changed in their place."""
    if gap.is_last:
        yield from _at_the_end(gap)
        return
    for key in (_shaped_kind, attrgetter("kind")):
        places = _places([gap], key)
        for old, item in [*gap.olds.items()]:
            if (kind := key(item)) and (found := places.get(kind)):
                yield gap.pair(found.popleft()[1], old, gap)


def _at_the_end(gap: _Gap) -> Iterator[Step]:
    """Yield the steps of the predecessor's last items, if none of these is the model's.

    Else history was cut there, and what follows is new.
    """
    pairs = [*zip(gap.news.items(), gap.olds.items(), strict=False)]
    if len(pairs) == len(gap.olds) and all(
        _is_clients(new[1].kind) and new[1].kind == old[1].kind for new, old in pairs
    ):
        yield from [gap.pair(new[0], old[0], gap) for new, old in pairs]


def _shaped_kind(item: Item) -> Hashable:
    return (item.kind, item.shape.skeleton) if item.shape.skeleton else None


def _places(gaps: list[_Gap], key: Callable[[Item], Hashable]) -> dict[Hashable, deque[tuple[_Gap, int]]]:
    places = defaultdict[Hashable, deque[tuple[_Gap, int]]](deque)
    for gap in gaps:
        for index, item in gap.news.items():
            places[key(item)].append((gap, index))
    return places
