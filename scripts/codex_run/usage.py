"""What is said to `scripts/run --help`."""

from collections.abc import Sequence

from codex_run.arguments import PROGRAMS

TEXT = """\
usage: scripts/run [--ui web] [--port N] [--quiet] [mitmdump's own options] -- COMMAND [ARGUMENTS]
       scripts/run [mitmdump | mitmproxy | mitmweb] [--port N] [its own options]

With a command: runs it behind a proxy of its own with the addon, ends the proxy with it, and says what its turns came
to. Without one: runs the proxy with the addon by itself, on 127.0.0.1:8080, until Ctrl-C.

  -- COMMAND    what to run, with its arguments; all that stands before the -- is about the proxy
  --ui web      mitmweb instead of mitmdump, as a page beside the command
  --port N      the proxy's port (a free one with a command, 8080 without)
  --quiet, -q   with a command, say nothing of our own before and after it
  -h, --help    show this

All else goes to mitmdump as it is, such as --set codex_mode=observe or -w FILE. What it takes is shown by
scripts/run mitmdump --help, and the addon's settings by scripts/run --options.

examples:
  scripts/run -- codex
  scripts/run --ui web -- opencode
  scripts/run --set codex_mode=observe -w session.mitm -- python my_agent.py
  scripts/run --port 8081
  scripts/run mitmweb
"""


def is_asked_for(words: Sequence[str]) -> bool:
    """Tell whether the words ask for our usage, and not for that of a program of mitmproxy's that they name."""
    ours = words[: words.index("--")] if "--" in words else words
    is_theirs = "--" not in words and any(word in PROGRAMS for word in ours[:1])
    return not is_theirs and bool({"-h", "--help"} & set(ours))
