"""The proxy by itself, in the place of this process: mitmdump, mitmproxy or mitmweb with the addon."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from codex_run.arguments import BadUsage, parse_plain
from codex_run.proxy import ADDONS, LOOPBACK, unless

BAD_USAGE = 2
"""The exit status that mitmproxy has for it too."""


def main(words: Sequence[str]) -> int:
    """Become the proxy; return an exit status only where the words ask for what cannot be done."""
    try:
        wanted = command(words)
    except BadUsage as error:
        print(f"run: {error}", file=sys.stderr)
        return BAD_USAGE
    os.execv(wanted[0], wanted)


def command(words: Sequence[str]) -> list[str]:
    """Return the command line of the proxy; raise BadUsage with a sentence.

    Its port is open to this machine alone, unless the user says otherwise.
    """
    asked = parse_plain(words)
    program = str(Path(sys.executable).with_name(asked.program))
    host = unless(asked.passed_on, "listen_host", ["--listen-host", LOOPBACK])
    return [program, "-s", str(ADDONS[0]), *host, *asked.passed_on]
