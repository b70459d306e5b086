"""Fuzzes: exit status 0 if nothing was found, 1 with a sentence where something was, 130 if it was interrupted."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from codex_fuzz import guided
from codex_fuzz.targets import TARGETS, Target

_FRAMES = -4  # how many frames of a failed check are shown: the last ones


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.repeat:
            return _repeat(options.repeat)
        return _fuzz(options.target or list(TARGETS), options.seconds)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"scripts/fuzz: {error}", file=sys.stderr)
        return 1


def _fuzz(names: Sequence[str], seconds: int) -> int:
    guided.check_installed()
    found = False
    for target in map(TARGETS.__getitem__, names):
        print(f"{target.name:<18} {seconds:>4} s ... ", end="", flush=True)
        crashes = guided.run(target.name, target.seeds, seconds)
        print(f"{len(crashes)} found" if crashes else "nothing found", flush=True)
        for path in sorted(crashes):
            if _holds(target, path):
                print("It takes too long, or too much memory.")
            print(f"Repeat it with: scripts/fuzz --repeat {path}")
        found = found or bool(crashes)
    return int(found)


def _repeat(path: Path) -> int:
    """Check the input of a crash, whose file's name begins with its target's."""
    name = path.name.partition(".")[0]
    if name not in TARGETS:
        raise FileNotFoundError(f"the name of {path} does not begin with a target: there are {', '.join(TARGETS)}")
    holds = _holds(TARGETS[name], path)
    if holds:
        print(f"{name}: {TARGETS[name].promise} It holds.")
    return int(not holds)


def _holds(target: Target, path: Path) -> bool:
    """Run a check on a file; print how it fails where it does."""
    data = path.read_bytes()
    try:
        target.check(data)
    except Exception:
        traceback.print_exc(limit=_FRAMES, file=sys.stdout)
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    promises = "\n".join(f"  {target.name:<18} {target.promise}" for target in TARGETS.values())
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Feeds hostile bytes to every parser and checks what has to hold. A crash is kept in build/fuzz.",
        epilog=f"targets, and what has to hold of each:\n{promises}",
    )
    parser.add_argument("target", nargs="*", choices=[*TARGETS], metavar="TARGET", help="what to fuzz (all)")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--seconds", type=_seconds, default=10, help="for each target (%(default)s)")
    effort.add_argument("--repeat", type=Path, metavar="FILE", help="run one crash again; needs no atheris")
    return parser


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
