"""Clients are interrupted by Ctrl-C, wherever the tests were started; a table at the end says what libraries read."""

import signal

import pytest

# A shell has it ignored in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each library read from the cache, turn by turn."""
    properties = (each for report in terminalreporter.getreports("passed") for each in report.user_properties)
    if cached := [cells for name, cells in properties if name == "cached tokens"]:
        terminalreporter.section("Cached tokens a turn")
        for cells in (("library", "without the addon", "with it"), ("---",) * 3, *cached):
            terminalreporter.write_line(f"| {' | '.join(cells)} |")
