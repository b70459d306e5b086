"""What can be asked of the fault suite on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_faults.catalogue import catalogue
from codex_faults.fault import LONG, SHORT, Fault, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: which faults, how often, and where the results go."""

    faults: list[Fault]
    profile: Profile
    out: Path


def parse(argv: Sequence[str] | None = None) -> Request:
    """Returns what was asked for, or ends the program with a sentence."""
    known, parser = catalogue(), _parser()
    options = parser.parse_args(argv)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"there is no fault {unknown[0]!r}; --list names them all")
    if options.list:
        print(*(f"{fault.name}: {fault.promise}" for fault in known.values()), sep="\n")
        parser.exit()
    names = options.names or list(known)
    profile = LONG if options.long else SHORT
    return Request(faults=[known[name] for name in dict.fromkeys(names)], profile=profile, out=options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description="Breaks things around the running proxy and compares with one without the addon. Loopback only.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults to bring about (default: all)")
    parser.add_argument("--list", action="store_true", help="print the faults and what is promised for them")
    parser.add_argument(
        "--long",
        action="store_true",
        help=f"{LONG.rounds} times each instead of {SHORT.rounds}, {LONG.parallel} streams, not {SHORT.parallel}",
    )
    parser.add_argument("--out", type=Path, default=Path("build/faults"), help="folder of the results (%(default)s)")
    return parser
