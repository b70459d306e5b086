"""What is measured and how often, and what can be asked for on the command line."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from toolkit import bare_addon
from toolkit.process import ADDON

from codex_bench import naive_addon

BARE, NAIVE, OURS = "bare", "naive", "ours"
"""The arms, which are real mitmdump processes."""

SCRIPTS = {BARE: Path(bare_addon.__file__), NAIVE: Path(naive_addon.__file__), OURS: ADDON}

Kind = Literal["turns", "at once", "conversation", "frames"]

SIZES = "10k,40k,100k,1m,10m"

_SIZE = re.compile(r"([1-9][0-9]{0,5})([km])")
_UNITS = {"k": 1_000, "m": 1_000_000}
_LARGE = 5_000_000
_SUFFIX: dict[Kind, str] = {"turns": "", "at once": ", at once", "conversation": "", "frames": ", WebSocket"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of traffic: `rounds` conversations of one cold turn and `warm` that extend it.

    In "at once" the events come in one piece, in "conversation" one conversation grows to `until` bytes.
    """

    kind: Kind
    size: int
    rounds: int
    warm: int
    events: int = 100
    until: int = 0

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{spelled(self.size)}{_SUFFIX[self.kind]}" + (f" to {spelled(self.until)}" if self.until else "")

    @property
    def step(self) -> int | None:
        """The bytes that each turn adds, None for what one call of a tool adds."""
        return (self.until - self.size) // self.warm if self.until else None


class Effort(NamedTuple):
    """How much is measured: conversations for a small body, turns that extend each, turns of the long one."""

    rounds: int
    warm: int
    grown: int


QUICK = Effort(rounds=8, warm=5, grown=100)
USUAL = Effort(rounds=24, warm=8, grown=500)
LONG = Effort(rounds=80, warm=8, grown=500)


def parse(argv: Sequence[str] | None = None) -> Namespace:
    """Return what was asked for, or end the program with a sentence.

    `arms` are scripts by name, `scenarios` what is measured, and `out` is the folder of the results.
    """
    parser = ArgumentParser(
        prog="scripts/bench",
        description="Measures what the addon costs, side by side with the bare proxy and a naive addon. Loopback only.",
    )
    effort = parser.add_mutually_exclusive_group()
    set_effort = partial(effort.add_argument, dest="effort", action="store_const", default=USUAL)
    set_effort("--quick", const=QUICK, help="one or two minutes, with more noise (default: some ten)")
    set_effort("--long", const=LONG, help="about half an hour")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the results (%(default)s)")
    arms = "some of %(default)s, or NAME=FILE for another addon, such as an older copy of this one; a comma list"
    parser.add_argument("--arms", type=_arms, default=",".join(SCRIPTS), help=arms)
    sizes = "sizes of bodies, a comma list (%(default)s)"
    parser.add_argument("--sizes", type=lambda text: [*map(parse_size, _parts(text))], default=SIZES, help=sizes)
    options = parser.parse_args(argv)
    options.scenarios = scenarios(options.effort, options.sizes)
    return options


def scenarios(effort: Effort, sizes: Sequence[int]) -> list[Scenario]:
    """Return what is measured with some effort, for bodies of these sizes in bytes."""
    usual = [_turns(effort, size) for size in sizes]
    at_once = [replace(one, kind="at once") for one in usual if one.size in (40_000, 1_000_000)]
    grown = Scenario(kind="conversation", size=12_000, until=1_000_000, rounds=1, warm=effort.grown - 1)
    frames = Scenario(kind="frames", size=40_000, rounds=effort.rounds, warm=1, events=500)
    return [*usual, *at_once, grown, frames]


def _turns(effort: Effort, size: int) -> Scenario:
    """Return less of what takes long."""
    if size >= _LARGE:
        return Scenario(kind="turns", size=size, rounds=max(3, effort.rounds // 4), warm=2)
    rounds = effort.rounds if size < 500_000 else max(5, effort.rounds * 2 // 3)
    return Scenario(kind="turns", size=size, rounds=rounds, warm=effort.warm)


def parse_size(text: str) -> int:
    """Return the bytes that a size such as 40k or 1m stands for. Raises ArgumentTypeError."""
    if match := _SIZE.fullmatch(text.lower()):
        return int(match[1]) * _UNITS[match[2]]
    raise ArgumentTypeError(f"{text!r} is no size such as 40k or 1m")


def spelled(size: int) -> str:
    """Return a size as people write it."""
    return f"{size // 1_000_000} MB" if size % 1_000_000 == 0 else f"{size / 1_000:g} kB"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _arms(text: str) -> dict[str, Path]:
    """Return the scripts of the arms; `bare` is always among them, because all others are compared with it."""
    arms = dict(map(_arm, _parts(text)))
    return arms if BARE in arms else {BARE: SCRIPTS[BARE], **arms}


def _arm(text: str) -> tuple[str, Path]:
    name, given, file = text.partition("=")
    if not given and name in SCRIPTS:
        return name, SCRIPTS[name]
    if not given or not name or name in SCRIPTS:
        raise ArgumentTypeError(f"{text!r} is no arm: there are {', '.join(SCRIPTS)}, and NAME=FILE with another name")
    if not Path(file).is_file():
        raise ArgumentTypeError(f"there is no file {file!r} for the arm {name!r}")
    return name, Path(file).resolve()
