"""Fuzzes: exit status 0 if nothing was found, 1 with a sentence where something was, 130 if it was interrupted."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from codex_fuzz import growth, guided
from codex_fuzz.targets import TARGETS, Target

_SECONDS = 10
_FRAMES = -4
"""How many frames of a failed check are shown: the last ones."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.repeat:
            return _repeat(*options.repeat)
        return growth.show() if options.time else _fuzz(options.target or TARGETS, options.seconds)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"scripts/fuzz: {error}", file=sys.stderr)
        return 1


def _fuzz(targets: Sequence[Target], seconds: int) -> int:
    guided.check_installed()
    found = set[Path]()
    for target in targets:
        print(f"{target.name:<18} {seconds:>4} s ... ", end="", flush=True)
        crashes = guided.run(target.name, target.seeds(), seconds)
        print(f"{len(crashes)} found" if crashes else "nothing found", flush=True)
        for path in sorted(crashes):
            print(_failure(target, path) or "It takes too long, or too much memory.")
            print(f"Repeat it with: scripts/fuzz --repeat {path}")
        found |= crashes
    return int(bool(found))


def _repeat(target: Target, path: Path) -> int:
    failure = _failure(target, path)
    print(failure or f"{target.name}: {target.promise} It holds.")
    return int(failure is not None)


def _failure(target: Target, path: Path) -> str | None:
    """Run a check on a file; return how it failed, None where it passed."""
    try:
        target.check(path.read_bytes())
    except Exception as error:
        return "".join(traceback.format_exception(error, limit=_FRAMES)).rstrip()
    return None


def _parser() -> argparse.ArgumentParser:
    promises = "\n".join(f"  {target.name:<18} {target.promise}" for target in TARGETS)
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Feeds hostile bytes to every parser and checks what has to hold. A crash is kept in build/fuzz.",
        epilog=f"targets, and what has to hold of each:\n{promises}",
    )
    parser.add_argument("target", nargs="*", type=_target, help="targets to fuzz (all)")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--seconds", type=_seconds, default=_SECONDS, help="for each target (%(default)s)")
    effort.add_argument("--repeat", type=_crash, metavar="FILE", help="run one crash again; needs no atheris")
    effort.add_argument("--time", action="store_true", help="show how time grows with size, instead of fuzzing")
    return parser


def _target(name: str) -> Target:
    known = {target.name: target for target in TARGETS}
    if name not in known:
        raise argparse.ArgumentTypeError(f"{name!r} is no target: there are {', '.join(known)}")
    return known[name]


def _crash(text: str) -> tuple[Target, Path]:
    """Return a crash's file and its target, with whose name the file's begins."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}")
    return _target(path.name.partition(".")[0]), path


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
