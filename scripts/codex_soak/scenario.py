"""What happens in a conversation: it grows, is resumed, goes back, is compacted, has a sub-agent do work, ends.

Some turns are refused or fail, and are tried again; in some the client leaves in the middle of the answer, and comes
back over a new connection. A conversation's number decides all of it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Event = Literal["turn", "resume", "branch", "compact"]
Fate = Literal["answered", "429", "500", "left"]

_MEAN, _MOST = 3, 24
"""Turns after the first: the mean of an exponential distribution, and where it is cut."""

_FATES: tuple[Fate, ...] = ("429", "500", "left")
_SHARES = (0.015, 0.01, 0.04)
_RESUMED, _BRANCHED, _COMPACTED, _DELEGATED = 0.10, 0.06, 0.08, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens; `agent` 0 is the main one, others have a conversation of their own."""

    event: Event = "turn"
    fate: Fate = "answered"
    agent: int = 0


def scenario(number: int) -> Iterator[Step]:
    """Yield the steps of the conversation with this number."""
    chance = random.Random(number)
    yield from _turn(chance)
    for turn in range(min(_MOST, int(chance.expovariate(1 / _MEAN)))):
        yield from _between(chance, turn + 1)
        yield from _turn(chance)


def _turn(chance: random.Random, agent: int = 0) -> Iterator[Step]:
    """Yield a turn until it is answered."""
    for fate, share in zip(_FATES, _SHARES, strict=True):
        if chance.random() < share:
            yield Step(fate=fate, agent=agent)
            yield from [Step(event="resume")] if fate == "left" else []
    yield Step(agent=agent)


def _between(chance: random.Random, turns: int) -> Iterator[Step]:
    """Yield what happens between two turns, after so many."""
    if chance.random() < _RESUMED:
        yield Step(event="resume")
    if turns > 1 and chance.random() < _BRANCHED:
        yield Step(event="branch")
    if turns > 2 and chance.random() < _COMPACTED:
        yield Step(event="compact")
    if chance.random() < _DELEGATED:
        yield from [*_turn(chance, turns), *_turn(chance, turns)]
