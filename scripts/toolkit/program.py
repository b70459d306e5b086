"""Where the addon is, and what a command is called: in a checkout, and where the package is installed."""

import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1]
_ENTRY = "codex_continuity.py"
ADDON = next(filter(Path.exists, [SCRIPTS.parent / "addons" / _ENTRY]), SCRIPTS.parent / _ENTRY)
"""The addon's file: in a checkout its folder stands next to that of the scripts, installed it stands there itself."""


def called(command: str) -> str:
    """Return what to type for a command."""
    return f"scripts/{command}" if (SCRIPTS / command).is_file() else f"codex-continuity {command}"


def failed(command: str, sentence: str) -> int:
    """Say why a command could not do what was asked for, and return its exit status."""
    print(f"{called(command)}: {sentence}.", file=sys.stderr)
    return 1
