"""Runs a command behind the proxy, or the proxy by itself: `scripts/run [OPTIONS] [-- COMMAND ...]`."""

import contextlib
import os
import sys
from collections.abc import Sequence

from codex_run import launcher, proxy
from codex_run.arguments import PROGRAM, Failed, parse

BAD_USAGE = 2  # as of mitmproxy's own programs


def main(words: Sequence[str]) -> int:
    """Run a command and return its exit status; without one, replace this process by the proxy."""
    try:
        if (arguments := parse(words)).command:
            return launcher.main(arguments)
    except Failed as error:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(f"{PROGRAM}: {error}", file=sys.stderr)
        return error.status if "--" in words else BAD_USAGE
    alone = proxy.command_alone(arguments)
    os.execv(alone[0], alone)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
