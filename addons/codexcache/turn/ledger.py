"""What a conversation's turns measured: the token counts at which its items end, and what happened to its turns.

`input_tokens` of a turn is the exact number of tokens at the end of its input. So the tokens before any item lie
between two measured numbers, and bytes only divide what is between them. A ledger belongs to a turn, and knows of the
turns of its conversation up to this one. It is bounded, shared by reference as far as possible, and stored with the
turn, so that a verdict after a restart is that of a proxy that never stopped.
"""

from collections.abc import Iterable
from typing import NamedTuple

_BOUNDARIES = 64
"""Boundaries that are kept; of more than these, every second one of the older half goes."""


class Boundary(NamedTuple):
    """The end of a turn's input: how many items it had, its input tokens, and the turn's number.

    The number is 0 where another start of the proxy counted the turn.
    """

    items: int
    tokens: int
    turn: int = 0


class Count(NamedTuple):
    """How many turns of the conversation had a verdict, or a difference of some volatile kind, by its name."""

    name: str
    turns: int


class Condition(NamedTuple):
    """A change that has no place in the prompt, by its verdict's name: turns that had it, and how many of them hit."""

    name: str
    turns: int
    read: int

    @property
    def is_habit(self) -> bool:
        """True if as many turns hit with it as missed: then it explains no miss by itself."""
        return 2 * self.read >= self.turns


class Ledger(NamedTuple):
    """What is known of a conversation up to and with a turn. Tokens throughout.

    `floor` is what was last read where the read ended before the first turn's end: tools and instructions, or less.
    `turns` counts those with counters; `reasoning` is what they reasoned.
    """

    boundaries: tuple[Boundary, ...] = ()
    floor: int = 0
    causes: tuple[Count, ...] = ()
    conditions: tuple[Condition, ...] = ()
    turns: int = 0
    reasoning: int = 0

    def count(self, name: str) -> int:
        """Return how many turns had what is called by this name."""
        return next((count.turns for count in self.causes if count.name == name), 0)

    def condition(self, name: str) -> Condition | None:
        """Return what is known of a change that has no place in the prompt, None where it never was there."""
        return next((condition for condition in self.conditions if condition.name == name), None)


EMPTY = Ledger()
"""The ledger of a conversation without any turn."""


def with_boundary(boundaries: tuple[Boundary, ...], boundary: Boundary) -> tuple[Boundary, ...]:
    """Return boundaries and one more, the older ones thinned out where there are too many."""
    if len(boundaries) >= _BOUNDARIES:
        middle = len(boundaries) // 2
        boundaries = (*boundaries[:middle:2], *boundaries[middle:])
    return (*boundaries, boundary)


def with_counts(causes: tuple[Count, ...], names: Iterable[str]) -> tuple[Count, ...]:
    """Return the counts with one turn more for each of these names."""
    counts = dict(causes)
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return tuple(Count(name, turns) for name, turns in counts.items())


def with_conditions(known: tuple[Condition, ...], names: Iterable[str], *, read: bool) -> tuple[Condition, ...]:
    """Return the conditions with one turn more for each of these names; `read` if that turn hit."""
    found = {condition.name: condition for condition in known}
    for name in names:
        _, turns, hits = found.get(name, (name, 0, 0))
        found[name] = Condition(name, turns + 1, hits + read)
    return tuple(found.values())
