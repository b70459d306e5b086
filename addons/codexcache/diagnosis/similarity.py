"""What two turns have in common: their ids, what their prompts begin with, and answers of the model."""

from ..turn.items import SHORT, TEXT
from ..turn.record import Record, Route

_ALIKE = 64
"""Characters of the instructions that two agents do not begin with in common."""

_TAIL = 3
"""Items at the end of a history that have to stand again for it to be the same history, cut at its front."""


def has_same_head(record: Record, other: Record) -> bool:
    """Return True if two turns have the same tools and instructions."""
    new, old = record.prompt.prefix, other.prompt.prefix
    return new is old or (new.tools == old.tools and new.instructions == old.instructions)


def has_other_id(new: Route, old: Route) -> bool:
    """Return True if the own ids of two turns differ: the thread, else the session, else the key, as both have one."""
    pairs = (new.thread, old.thread), (new.session, old.session), (new.key, old.key)
    return next((one != other for one, other in pairs if one and other), False)


def ids_differ(new: Route, old: Route) -> bool:
    """Return True if thread, session or key of two turns differ."""
    pairs = (new.thread, old.thread), (new.session, old.session), (new.key, old.key)
    return any(one and other and one != other for one, other in pairs)


def is_same_key(new: Route, old: Route) -> bool:
    """Return True if two turns left with the same key."""
    return new.key is not None and new.key == old.key


def made_by(other: Record) -> list[int]:
    """Return what identifies the items with which a turn was answered."""
    return [output.answer for output in other.outputs if output.answer]


def answers_in(record: Record, start: int = 0) -> frozenset[int]:
    """Return what identifies the model's items in an input, from item `start` on."""
    items = record.prompt.items
    return frozenset(items.arrays.answers[start : len(items)]) - {0}


def is_unique(answer: int) -> bool:
    """Return True for what identifies a call or reasoning, which no other conversation has."""
    return bool(answer) and not answer & (TEXT | SHORT)


def has_similar_instructions(record: Record, other: Record) -> bool:
    """Return True if the instructions of two turns are those of one agent."""
    new, old = record.prompt.prefix.instructions, other.prompt.prefix.instructions
    return new == old or new.common_length(old) >= _ALIKE


def goes_on_from_tail(record: Record, other: Record) -> bool:
    """Return True if the last items of another input stand in this one, and more behind them.

    Either that is what the other turn was answered with, and there is an answer among the items; or older items were
    dropped right before these, where a client sends its latest messages alone.
    """
    given, known = record.prompt.items.digests(), other.prompt.items.digests()
    answers = record.prompt.items.arrays.answers
    last = next((at for at in range(len(given) - 2, -1, -1) if known and given[at] == known[-1]), -1)
    pairs = zip(reversed(given[: last + 1]), reversed(known), strict=False)
    length = next((n for n, (one, two) in enumerate(pairs) if one != two), min(last + 1, len(known)))
    if length < _TAIL:
        return False
    if not (following := answers[last + 1]):
        is_cut = last + 1 < len(known)
        return is_cut and last + 1 - length <= record.prompt.items.common_prefix_length(other.prompt.items)
    return any(answers[last + 1 - length : last + 1]) and (not other.outputs or following in made_by(other))
