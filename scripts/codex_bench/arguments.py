"""What can be asked of the benchmark on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_bench import plan
from codex_bench.arms import BARE, DIRECT, NAIVE, OURS, SCRIPTS

_ARMS = (DIRECT, BARE, NAIVE, OURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: the arms by name with their scripts, what is measured, and where the results go."""

    arms: dict[str, Path]
    scenarios: list[plan.Scenario]
    out: Path


def parse(argv: Sequence[str] | None = None) -> Request:
    """Returns what was asked for, or ends the program with a sentence."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        effort = plan.QUICK if options.quick else plan.LONG if options.long else plan.USUAL
        return Request(arms=_arms(options.arms), scenarios=plan.scenarios(effort, _sizes(options)), out=options.out)
    except ValueError as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures what the addon costs, side by side with the bare proxy and a naive addon. Loopback only.",
    )
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="one or two minutes, with more noise (default: some ten)")
    effort.add_argument("--long", action="store_true", help="about half an hour")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the results (%(default)s)")
    parser.add_argument(
        "--arms",
        default=",".join(_ARMS),
        help="some of %(default)s, or NAME=FILE for an addon of one's own, such as an older copy of ours; a comma list",
    )
    parser.add_argument("--sizes", default=",".join(plan.SIZES), help="sizes of bodies, a comma list (%(default)s)")
    return parser


def _sizes(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(size for size in str(options.sizes).split(",") if size.strip())


def _arms(text: str) -> dict[str, Path]:
    """Returns the scripts of the arms; `bare` is always among them, because all others are compared with it."""
    arms = dict(_arm(part.strip()) for part in text.split(",") if part.strip())
    return arms if BARE in arms else {BARE: SCRIPTS[BARE], **arms}


def _arm(text: str) -> tuple[str, Path]:
    name, given, file = text.partition("=")
    if given and name and name not in _ARMS:
        if not Path(file).is_file():
            raise ValueError(f"there is no file {file!r} for the arm {name!r}")
        return name, Path(file).resolve()
    if given or name not in _ARMS:
        raise ValueError(f"{text!r} is no arm: there are {', '.join(_ARMS)}, and NAME=FILE with another name")
    return name, SCRIPTS.get(name, Path())
