"""The terminal's settings. A client that crashes leaves them as it had them: no echo, no line breaks, no cursor."""

import contextlib
import os
import termios
from typing import Any

type Settings = list[Any]

_MODES = (
    "\x1b[?1047l"  # back from the alternate screen
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l"  # no reports of mouse, focus and pasting
    "\x1b[?25h\x1b[0m\x1b[J"  # cursor, plain text, and nothing of an old picture below
)
"""What ends the modes that a client on the whole screen sets (xterm, "Control Sequences")."""


def settings() -> Settings | None:
    """Return the settings of the terminal on the standard input, or None where there is none."""
    with contextlib.suppress(termios.error, OSError, ValueError):
        return termios.tcgetattr(0)
    return None


def restore(known: Settings | None) -> None:
    """Go back to settings, if the terminal is ours at this moment."""
    with contextlib.suppress(termios.error, OSError):
        if known and os.tcgetpgrp(0) == os.getpgrp():
            termios.tcsetattr(0, termios.TCSADRAIN, known)
            os.write(0, _MODES.encode())
