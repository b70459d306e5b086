"""Audits the locks: `scripts/audit`."""

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from codex_setup import locks

from codex_audit import judging
from codex_audit.asking import DATABASES, Answer, Broken, ask

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = Path("requirements", "allowed.toml")


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Ask one database after the other until one knows; return 1 if a vulnerability is known that is not allowed."""
    _parser().parse_args(argv)
    allowed = read_allowed(root / ALLOWED)
    pins = locks.pins(root / locks.RUN) | locks.pins(root / locks.TEST)
    tried = []
    try:
        for database, name in DATABASES.items():
            answer = ask(database, pins)
            if answer and judging.knows_any(answer):
                return _say(answer, allowed)
            tried.append(f"{name} {'has no advisories where the index is read from' if answer else 'does not answer'}")
    except Broken as broken:
        print(broken, file=sys.stderr)
        return 1
    print(judging.nobody(tried))
    return 0


def _parser() -> argparse.ArgumentParser:
    databases = ", or else ".join(DATABASES.values())
    return argparse.ArgumentParser(
        prog="scripts/audit",
        description=f"Asks {databases}, whether a vulnerability is known of a version in the locks in requirements. It "
        "takes no arguments, and needs the network: where nobody can be asked, it says so and ends with 0.",
        epilog=f"The exit status is 1 if there is one that {ALLOWED.as_posix()} does not name.",
    )


def read_allowed(file: Path) -> dict[str, str]:
    """Return the reason for each allowed advisory. Raises ValueError for one without a reason."""
    allowed = tomllib.loads(file.read_text())
    for name, reason in allowed.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{ALLOWED.as_posix()}: {name} needs a reason.")
    return allowed


def _say(answer: Answer, allowed: Mapping[str, str]) -> int:
    """Say what a database knows; return the exit status."""
    found = judging.forbidden(answer, allowed)
    for line in (*judging.remarks(answer, allowed), *found):
        print(line)
    if not found:
        print(
            f"{answer.asked - len(answer.skipped)} locked packages were asked about at {answer.database}: all is well."
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
