"""What is measured and how often, and what can be asked for on the command line."""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from toolkit import bare_addon
from toolkit.program import ADDON

from codex_bench import naive_addon
from codex_bench.conversation import SPELLINGS

BARE, NAIVE, OURS = "bare", "naive", "ours"
"""The arms, which are real mitmdump processes."""

SCRIPTS = {BARE: Path(bare_addon.__file__), NAIVE: Path(naive_addon.__file__), OURS: ADDON}

Kind = Literal["turns", "at once", "frames", "start"]

_SIZE = re.compile(r"([1-9][0-9]{0,5})([km])")
_UNITS = {"k": 1_000, "m": 1_000_000}
_LARGE = 5_000_000
_AT_ONCE = (40_000, 1_000_000, 10_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of traffic: `rounds` conversations of one cold turn and `warm` that extend it.

    In "at once" the events come in one piece; in "start" each round starts every arm and has no turn. `settling` is the
    seconds after a round in which a proxy may still write: the default state store writes once a second at most, so
    that after two of them what the next first turn leaves is written at once, and counted to it.
    """

    kind: Kind
    size: int = 0
    spelling: str = "compact"
    rounds: int
    warm: int = 0
    events: int = 100
    settling: float = 2.1

    @property
    def name(self) -> str:
        """What the table calls it."""
        body = f"{spelled(self.size)} {self.spelling}"
        return {"turns": body, "start": "start", "frames": f"{body}, WebSocket"}.get(self.kind, f"{body}, at once")


class Effort(NamedTuple):
    """How much is measured: conversations for each body, turns that extend each, sizes, and those in each spelling."""

    rounds: int
    warm: int
    sizes: Sequence[int] = (10_000, 40_000, 100_000, 1_000_000, 10_000_000)
    in_each_spelling: Sequence[int] = sizes


QUICK = Effort(rounds=4, warm=4, sizes=_AT_ONCE, in_each_spelling=[1_000_000])
USUAL = Effort(rounds=7, warm=6)
LONG = Effort(rounds=30, warm=8)


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
    set_effort("--quick", const=QUICK, help="two or three minutes, with more noise (default: some ten)")
    set_effort("--long", const=LONG, help="about half an hour")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the results (%(default)s)")
    against = "another checkout of this project, whose addon is one more arm, named like the folder; may be repeated"
    parser.add_argument("--against", type=Path, action="append", default=[], metavar="PATH", help=against)
    add_list = partial(parser.add_argument, metavar="LIST")
    add_list("--arms", type=partial(_among, SCRIPTS), default=",".join(SCRIPTS), help="some of %(default)s")
    sizes = "sizes of bodies, such as 40k or 1m (10k to 10m)"
    add_list("--sizes", type=lambda text: [*map(parse_size, _parts(text))], default=[], help=sizes)
    spellings = f"some of {','.join(SPELLINGS)} (all; with --quick only 1m is not spaced alone)"
    add_list("--spellings", type=partial(_among, SPELLINGS), default=[], help=spellings)
    options = parser.parse_args(argv)
    try:
        options.arms = _scripts(options.arms, options.against)
    except ValueError as error:
        parser.error(str(error))
    options.scenarios = scenarios(options.effort, options.sizes, options.spellings)
    return options


def scenarios(effort: Effort, sizes: Sequence[int], spellings: Sequence[str]) -> list[Scenario]:
    """Return what is measured with some effort: bodies of these sizes in bytes and spellings, or the usual ones."""
    usual = [
        _turns(effort, size, one)
        for size in sizes or effort.sizes
        for one in spellings or (SPELLINGS if size in effort.in_each_spelling else ["spaced"])
    ]
    at_once = [replace(one, kind="at once") for one in usual if one.size in _AT_ONCE and one.spelling != "compact"]
    frames = Scenario(kind="frames", size=40_000, rounds=effort.rounds, warm=1, events=500)
    return [*usual, *at_once, frames, Scenario(kind="start", rounds=effort.rounds)]


def _turns(effort: Effort, size: int, spelling: str) -> Scenario:
    """Return less of what takes long."""
    few = size >= _LARGE
    rounds, warm = (max(4, effort.rounds // 2), 2) if few else (effort.rounds, effort.warm)
    return Scenario(kind="turns", size=size, spelling=spelling, rounds=rounds, warm=warm)


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


def _among(known: Collection[str], text: str) -> list[str]:
    """Return the names in a comma list. Raises ArgumentTypeError for one that is not known."""
    if unknown := [name for name in _parts(text) if name not in known]:
        raise ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
    return _parts(text)


def _scripts(names: Sequence[str], checkouts: Sequence[Path]) -> dict[str, Path]:
    """Return the scripts of the arms; `bare` is always among them, because all others are compared with it.

    Raises ValueError for a checkout without the addon, and for one whose name is taken.
    """
    arms = {name: SCRIPTS[name] for name in SCRIPTS if name in (BARE, *names)}
    for folder in map(Path.resolve, checkouts):
        script = folder / ADDON.relative_to(ADDON.parents[1])
        if not script.is_file():
            raise ValueError(f"--against: there is no {script}")
        if folder.name in {*SCRIPTS, *arms}:
            raise ValueError(f"--against: another arm is called {folder.name!r}; rename the folder {folder}")
        arms[folder.name] = script
    return arms
