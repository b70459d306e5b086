"""The tables at the end: what was run, if all went well, and what libraries read from the cache."""

import signal

import pytest

from client_tests import install, summary

# A shell has it ignored in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print the tables, and keep that of what was run with the clients."""
    properties = (each for report in terminalreporter.getreports("passed") for each in report.user_properties)
    if cached := [cells for name, cells in properties if name == "cached tokens"]:
        terminalreporter.section("Cached tokens a turn")
        for cells in (("library", "without the addon", "with it"), ("---",) * 3, *cached):
            terminalreporter.write_line(f"| {' | '.join(cells)} |")
    if exitstatus == 0 and summary.LINES:
        terminalreporter.section("What was run")
        terminalreporter.write_line(summary.table())
        (install.CACHE / "table.md").write_text(f"{summary.table()}\n")
