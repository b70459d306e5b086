"""What can be asked of the fuzzer on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_fuzz.targets import TARGETS, Target

_USUAL, _LONG = 10, 600
"""Seconds for each target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: targets and the seconds for each; or a crash to repeat; or the times."""

    targets: tuple[Target, ...]
    seconds: int
    repeat: Path | None
    time: bool
    patient: bool


def parse(argv: Sequence[str] | None = None) -> Request:
    """Returns what was asked for, or ends the program with a sentence."""
    parser = _parser()
    options = parser.parse_args(argv)
    known = {each.name: each for each in TARGETS}
    if strangers := [name for name in options.target if name not in known]:
        parser.error(f"{strangers[0]!r} is no target: there are {', '.join(known)}")
    if options.repeat and not options.repeat.is_file():
        parser.error(f"there is no file {str(options.repeat)!r}")
    if options.repeat and options.repeat.name.partition(".")[0] not in known:
        parser.error(f"the name of {str(options.repeat)!r} does not begin with a target's")
    return Request(
        targets=tuple(known[name] for name in options.target) or TARGETS,
        seconds=options.seconds or (_LONG if options.long else _USUAL),
        repeat=options.repeat,
        time=options.time,
        patient=options.patient,
    )


def _parser() -> argparse.ArgumentParser:
    promises = "\n".join(f"  {each.name:<18} {each.promise}" for each in TARGETS)
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Feeds hostile bytes to every parser and checks what has to hold. A crash is kept in build/fuzz.",
        epilog=f"targets, and what has to hold of each:\n{promises}",
    )
    parser.add_argument("target", nargs="*", help="targets to fuzz (all)")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--seconds", type=_seconds, help=f"seconds for each target ({_USUAL})")
    effort.add_argument("--long", action="store_true", help=f"{_LONG} seconds for each target")
    effort.add_argument("--repeat", type=Path, metavar="FILE", help="run one crash again")
    effort.add_argument("--time", action="store_true", help="show how time grows with size, instead of fuzzing")
    parser.add_argument("--patient", action="store_true", help="use hypothesis even where atheris is installed")
    return parser


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return int(text)
