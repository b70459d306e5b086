"""Clients are interrupted by Ctrl-C, wherever the tests were started."""

import signal

# A shell has it ignored in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
