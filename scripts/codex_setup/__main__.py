"""Makes .venv anew: `python -I scripts/codex_setup PYTHON STATE`, as `scripts/setup` calls it."""

import sys
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))  # its rooms could hide other modules
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from codex_setup import alone, ending, install, locks, swap

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv"
ASIDE = ROOT / ".cache" / "setup"


def main(python: str, state: str) -> int:
    """Make the environment unless somebody else has done so meanwhile; return the exit status."""
    with alone.working(ASIDE / "lock") as held:
        if swap.state_of(ENVIRONMENT) == state:
            return 0
        print(f"Setting up .venv with Python {_version()} (once, about a minute) ...", file=sys.stderr)
        try:
            with swap.replaced(ENVIRONMENT, ASIDE):
                install.install(ENVIRONMENT, ROOT / locks.TEST, python, held)
                swap.note(ENVIRONMENT, state)
        except install.Failed:
            print(_advice(ENVIRONMENT.exists()), file=sys.stderr)
            return 1
    print("Ready.", file=sys.stderr)
    return 0


def _advice(has_old: bool) -> str:
    """Return what to do now."""
    kept = " The .venv of before is as it was." if has_old else ""
    return f"Setting up did not work; the lines above say why. {locks.advice(sys.version_info[:2], _version())}{kept}"


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


if __name__ == "__main__":
    with ending.obeyed():
        sys.exit(main(*sys.argv[1:]))
