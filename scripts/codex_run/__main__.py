"""Runs a command behind the proxy, or the proxy by itself: `scripts/run [OPTIONS] [-- COMMAND ...]`."""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))  # its rooms could hide other modules
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from codex_run import launcher, plain, usage


def main(words: Sequence[str]) -> int:
    """Do what the words ask for and return the exit status."""
    if usage.is_asked_for(words):
        print(usage.TEXT, end="")
        return 0
    return launcher.main(words) if "--" in words else plain.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
