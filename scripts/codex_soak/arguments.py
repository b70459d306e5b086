"""What can be asked of the soak on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_soak.plan import LONG, SHORT, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: how much is played, and where the results go."""

    plan: Plan
    out: Path


def parse(argv: Sequence[str] | None = None) -> Request:
    """Return what was asked for, or end the program with a sentence."""
    options = _parser().parse_args(argv)
    return Request(plan=LONG if options.long else SHORT, out=options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Plays hours of agents' traffic through the proxy and looks for what is left of it. Loopback only.",
    )
    parser.add_argument("--long", action="store_true", help="ten minutes and more (default: about one)")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="folder of the results (%(default)s)")
    return parser
