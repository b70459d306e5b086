"""How many tokens precede a place in a prompt, and where in it a read ended.

`input_tokens` of a turn is the exact count at the end of its input, so each turn of a conversation has measured one
boundary (`turn.ledger`). The tokens before an item lie between the boundaries around it, which is proven. In between,
bytes divide the span: that is an estimate, good enough to say how much was sent again, and never to say that something
was not read. Encrypted reasoning may be left out by the backend: then it gets what texts leave of the span.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from itertools import accumulate
from typing import NamedTuple

from ..turn.item_list import Items
from ..turn.items import ENCRYPTED
from ..turn.ledger import EMPTY, Boundary, Ledger, with_boundary, with_conditions, with_counts
from ..turn.record import Record
from .match import Match

MINIMUM = 1024
"""Tokens from which on a prompt is cached (OpenAI, "Prompt caching")."""

ROUNDING = 128
"""What is read is counted in steps of this many tokens, so less than that is not missing (openai/codex#20301)."""

_STEP = 2048
"""Tokens between the places at which models before GPT-5.6 cache a prompt (OpenAI, "Prompt caching", GPT-5.5)."""

_ENDINGS = 20
"""Earlier endings at which GPT-5.6 and later look for a cached prompt (OpenAI, "Prompt caching", GPT-5.6)."""

TEXT_BYTES, _ENCRYPTED_BYTES = 4, 6
"""Bytes of a token of text, and of an encrypted token, about; only where both take up a span together."""

_INSTRUCTIONS_LAST = (6, 2)
"""The model from which on instructions are reported to stand behind the input (earendil-works/pi#12273)."""

_MODEL = re.compile(r"gpt-(\d+)(?:\.(\d+))?")


class Span(NamedTuple):
    """The tokens before a place: at least `low`, at most `high`, both measured, and an estimate between the two."""

    low: int
    high: int
    estimate: int


def slack(tokens: int) -> int:
    """Return by how much the counters may fall short: 1,024 tokens or 5 %, whichever is more."""
    return max(MINIMUM, tokens // 20)


def is_past(cached: int, place: Span) -> bool:
    """Return True if clearly more tokens were read than precede a place."""
    return cached > place.high + slack(place.high)


def generation(model: str) -> tuple[int, int]:
    """Return the numbers of a model, as in (5, 6); those of a name without any are (0, 0)."""
    found = _MODEL.match(model)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def ledger_of(
    record: Record,
    match: Match | None,
    causes: Iterable[str],
    conditions: Collection[str],
    *,
    hit: bool,
    left_out: bool = False,
) -> Ledger:
    """Return what is known of a conversation with a turn that has ended.

    `causes` are the turn's verdict and the volatile kinds of what changed, `conditions` the names of changes that have
    no place in the prompt. A `hit` has no cause.
    """
    before, usage = match.record.ledger if match else EMPTY, record.usage
    if usage is None or not usage.input or usage.cached is None or not record.complete or record.warm_up:
        return before
    known = _still_measured(record, match)
    known = _before_reasoning(record, known) if left_out else known
    own = Boundary(len(record.prompt.items), usage.input, max(0, record.number))
    first = known[0].tokens if known else usage.input
    return Ledger(
        boundaries=with_boundary(known, own),
        floor=usage.cached if 0 < usage.cached < first - ROUNDING else before.floor,
        causes=before.causes if hit else with_counts(before.causes, causes),
        conditions=with_conditions(before.conditions, conditions, read=hit) if conditions else before.conditions,
        turns=before.turns + 1,
        reasoning=before.reasoning + (usage.reasoning or 0),
    )


def _still_measured(record: Record, match: Match | None) -> tuple[Boundary, ...]:
    """Return the boundaries of the predecessor that are those of this turn too."""
    if match is None or not _has_same_head(record, match.record):
        return ()
    known, items = match.record.ledger.boundaries, len(record.prompt.items)
    if match.whole and known and known[-1].items < items:
        return known  # as nearly always
    return tuple(one for one in known if one.items <= match.shared_items and one.items < items)


def _before_reasoning(record: Record, known: tuple[Boundary, ...]) -> tuple[Boundary, ...]:
    """Return the boundaries that stay where they are if the backend left out the reasoning."""
    kinds = record.prompt.items.kinds()
    return tuple(one for one in known if "reasoning" not in kinds[: one.items])


def _has_same_head(record: Record, other: Record) -> bool:
    new, old = record.prompt.prefix, other.prompt.prefix
    return new is old or (new.tools == old.tools and new.instructions == old.instructions)


def boundaries(record: Record) -> list[Boundary]:
    """Return the measured boundaries in a turn's prompt, its own end last; none of a turn without counters."""
    items, usage = record.prompt.items, record.usage
    known = [one for one in record.ledger.boundaries if one.items < len(items)]
    return [*known, Boundary(len(items), usage.input, max(0, record.number))] if usage else known


class Measure:
    """The tokens of one turn's prompt, by place. For turns with counters."""

    def __init__(self, record: Record) -> None:
        head, sizes = record.prompt.prefix.size, _sizes(record.prompt.items)
        self._texts = [*accumulate((text for text, _ in sizes), initial=head)]
        self._encrypted = [*accumulate((encrypted for _, encrypted in sizes), initial=0)]
        self._boundaries = boundaries(record)
        self._counts = [boundary.items for boundary in self._boundaries]

    def before(self, item: int) -> Span:
        """Return the tokens before an item, by its index among the items."""
        at = min(item, len(self._texts) - 1)
        low, high = bisect_right(self._counts, at), bisect_left(self._counts, at)
        under = self._boundaries[low - 1] if low else None
        over = self._boundaries[min(high, len(self._boundaries) - 1)]
        return self._between(under, over, self._texts[at], self._encrypted[at])

    def in_head(self, size: int) -> Span:
        """Return the tokens before a place in tools and instructions, by the bytes before it."""
        return self._between(None, self._boundaries[0], min(size, self._texts[0]), 0)

    def of_items(self, start: int, end: int) -> int:
        """Return the tokens of some items, an estimate."""
        return self.before(end).estimate - self.before(start).estimate

    def _between(self, under: Boundary | None, over: Boundary, text: int, encrypted: int) -> Span:
        """Return the tokens up to a place between two boundaries, given the bytes up to it."""
        low, high = under.tokens if under else 0, over.tokens
        texts = _Part(self._texts[under.items] if under else 0, text, self._texts[over.items])
        codes = _Part(self._encrypted[under.items] if under else 0, encrypted, self._encrypted[over.items])
        tokens = max(0, high - low)
        of_text = _tokens_of_text(tokens, texts.size, codes.size)
        estimate = low + round(of_text * texts.share + (tokens - of_text) * codes.share)
        return Span(low, max(low, high), estimate)


def _tokens_of_text(tokens: int, text: int, encrypted: int) -> int:
    """Return how many of a span's tokens are text, given its bytes; the backend may have left out what is encrypted."""
    of_text, of_encrypted = text / TEXT_BYTES, encrypted / _ENCRYPTED_BYTES
    if not encrypted:
        return tokens
    return round(
        tokens * of_text / (of_text + of_encrypted) if tokens > of_text + of_encrypted else min(tokens, of_text)
    )


class _Part(NamedTuple):
    """A place between two others, in bytes."""

    start: int
    place: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def share(self) -> float:
        """The share of the bytes that is before the place."""
        return (self.place - self.start) / self.size if self.size > 0 else 1.0


def _sizes(items: Items) -> list[tuple[int, int]]:
    """Return the bytes of each item, as text and as something encrypted."""
    ends = items.arrays.end_offsets
    sizes = [ends[at + 1] - ends[at] for at in range(len(items))]
    pairs = zip(items.kinds(), sizes, strict=True)
    return [(0, size) if kind in ENCRYPTED else (size, 0) for kind, size in pairs]


def repeated(record: Record, match: Match) -> int:
    """Return how many tokens of the predecessor's prompt this one has again, anywhere; an estimate.

    Tools and instructions that were edited count as far as they are no longer than they were.
    """
    measure, shared, head = Measure(match.record), match.shared_items, _repeated_head(record, match)
    size = match.record.prompt.prefix.size
    tokens = measure.before(0).estimate * head // size if size else 0
    tokens += measure.of_items(0, shared)
    given = set(record.prompt.items.digests(shared))
    again = [at for at, one in enumerate(match.record.prompt.items.digests(shared), shared) if one in given]
    return tokens + sum(measure.of_items(at, at + 1) for at in again)


def _repeated_head(record: Record, match: Match) -> int:
    new, old = record.prompt.prefix, match.record.prompt.prefix
    if new is old:
        return old.size
    tools = {tool.name: tool.size for tool in new.tools}
    size = sum(min(tool.size, tools.get(tool.name, 0)) for tool in old.tools)
    return size + min(new.instructions.length, old.instructions.length)


def looks_back_past(record: Record, item: int) -> bool:
    """Return True if the backend looks for nothing that ends before an item: too many endings follow it."""
    if generation(record.prompt.prefix.model) < (5, 6):
        return False
    kinds = record.prompt.items.kinds()[item:]
    return sum(map(_is_ending, kinds, (*kinds[1:], ""))) > _ENDINGS


def _is_ending(kind: str, after: str) -> bool:
    """Return True for an item at whose end a prompt is cached: a user's message, and the last output of a group."""
    return kind == "user message" or (kind.endswith("_output") and not after.endswith("_output"))


def is_short_of_instructions(record: Record, other: Record, short: int) -> bool:
    """Return True if what a turn did not read may be its instructions, which stand behind the input.

    They take about a token for each four characters; or as much as a turn and its predecessor (`other`) both fell short
    of, while more and more was read: in Chinese, a character is about a token.
    """
    length = _behind_input(record)
    usual = length // 2 + MINIMUM
    if record.usage and other.usage and (record.usage.cached or 0) > (other.usage.cached or 0):
        usual = length + MINIMUM if abs(short - _shortfall(other)) <= 2 * ROUNDING else usual
    return bool(length) and length // 8 <= short <= usual


def most_behind_input(other: Record) -> int:
    """Return how many tokens of instructions may stand behind the input of a turn that goes on from another."""
    length, short = _behind_input(other), _shortfall(other)
    return short if length // 8 <= short <= length + MINIMUM else length and length // 2 + MINIMUM


def _behind_input(record: Record) -> int:
    """Return the length of instructions that may stand behind a turn's input; 0 for a model with them in front."""
    prefix = record.prompt.prefix
    is_behind = generation(prefix.model) >= _INSTRUCTIONS_LAST and not prefix.carries_instructions
    return prefix.instructions.length if is_behind else 0


def _shortfall(record: Record) -> int:
    """Return how many tokens of the turn before it a turn did not read."""
    known, usage = record.ledger.boundaries, record.usage
    return max(0, known[-2].tokens - (usage.cached or 0)) if usage and len(known) > 1 else 0


def granularity(record: Record) -> int:
    """Return how far before a change a read may end, because prompts are cached in steps."""
    return _STEP if generation(record.prompt.prefix.model) < (5, 6) else MINIMUM


def place_of_read(cached: int, record: Record, ledger: Ledger) -> str:
    """Return where in the predecessor's prompt a read ended, in words, "" where it is not at a known place."""
    if not cached:
        return "nothing was read"
    for boundary in reversed(boundaries(record)):
        if 0 <= boundary.tokens - cached <= ROUNDING:
            return f"the read ends where turn {boundary.turn} ended" if boundary.turn > 0 else ""
    if cached == ledger.floor or _is_about_head(cached, record):
        return "the read ends with tools and instructions"
    return ""


def _is_about_head(cached: int, record: Record) -> bool:
    """Return True if a read ends about where the input begins."""
    head = Measure(record).before(0)
    return cached <= head.high and abs(cached - head.estimate) <= max(ROUNDING, head.estimate // 4)
