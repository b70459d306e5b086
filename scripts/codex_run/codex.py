"""What is particular to Codex: newer ones leave the work to a background server that all terminals share.

It would be none of ours: one that runs already has another environment and knows nothing of the proxy, and one that
is started now would keep a proxy that is gone. Seen with 0.169.0, which has `--no-daemon` against it.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from codex_run.kinds import kind_of

ALONE = "--no-daemon"

_PATIENCE = 10


def alone(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command so that it does its own work, if it is a Codex that knows how to."""
    given = {ALONE, "--remote"} & {word.partition("=")[0] for word in command}
    if kind_of(command) != "codex" or given or ALONE not in _help_of(command[0]):
        return tuple(command)
    return (command[0], ALONE, *command[1:])


def has_background_server(user: Mapping[str, str]) -> bool:
    """Tell whether a background server could have done a Codex client's work."""
    home = Path(user.get("CODEX_HOME") or Path(user.get("HOME", "~")).expanduser() / ".codex")
    return (home / "app-server-control" / "app-server-control.sock").exists()


def _help_of(program: str) -> str:
    try:
        asked = subprocess.run(
            [program, "--help"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return os.fsdecode(asked.stdout)
