"""What is measured, and how often."""

import re
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["turns", "at once", "conversation", "frames"]

SIZES = ("10k", "40k", "100k", "1m", "10m")
EVENTS = 100

_SIZE = re.compile(r"([1-9][0-9]{0,5})([km])")
_UNITS = {"k": 1_000, "m": 1_000_000}
_LARGE = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of traffic: `rounds` conversations of one cold turn and `warm` that go on with it.

    In "at once" the events come in one piece, in "conversation" one conversation grows to `until` bytes.
    """

    kind: Kind
    size: int
    rounds: int
    warm: int
    events: int = EVENTS
    until: int = 0

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{spelled(self.size)}{_SUFFIX[self.kind]}" + (f" to {spelled(self.until)}" if self.until else "")

    @property
    def step(self) -> int | None:
        """The bytes that each turn adds, None for what one call of a tool adds."""
        return (self.until - self.size) // self.warm if self.until else None


_SUFFIX: dict[Kind, str] = {"turns": "", "at once": ", at once", "conversation": "", "frames": ", WebSocket"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured: conversations for a small body, turns that go on with each, turns of the long one."""

    rounds: int
    warm: int
    grown: int


QUICK = Effort(rounds=8, warm=5, grown=100)
USUAL = Effort(rounds=24, warm=8, grown=500)
LONG = Effort(rounds=80, warm=8, grown=500)


def scenarios(effort: Effort, sizes: tuple[str, ...]) -> list[Scenario]:
    """Return what is measured with some effort, for bodies of these sizes."""
    usual = [_turns(effort, parse_size(size)) for size in sizes]
    at_once = [replace(one, kind="at once") for one in usual if one.size in (40_000, 1_000_000)]
    grown = Scenario(kind="conversation", size=12_000, until=1_000_000, rounds=1, warm=effort.grown - 1)
    frames = Scenario(kind="frames", size=40_000, rounds=effort.rounds, warm=2, events=500)
    return [*usual, *at_once, grown, frames]


def parse_size(text: str) -> int:
    """Return the bytes that a size such as 40k or 1m stands for. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is no size such as 40k or 1m")
    return int(match[1]) * _UNITS[match[2]]


def spelled(size: int) -> str:
    """Return a size as people write it."""
    return f"{size // 1_000_000} MB" if size % 1_000_000 == 0 else f"{size / 1_000:g} kB"


def _turns(effort: Effort, size: int) -> Scenario:
    """Return less of what takes long."""
    if size >= _LARGE:
        return Scenario(kind="turns", size=size, rounds=max(3, effort.rounds // 4), warm=2)
    rounds = effort.rounds if size < 500_000 else max(5, effort.rounds * 2 // 3)
    return Scenario(kind="turns", size=size, rounds=rounds, warm=effort.warm)
