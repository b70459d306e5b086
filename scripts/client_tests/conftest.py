"""The table of what was run, at the end of a run in which all went well."""

import signal

import pytest

from client_tests import install, summary

# A shell has it ignored in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print the table, and keep it with the clients."""
    if exitstatus == 0 and summary.LINES:
        terminalreporter.section("What was run")
        terminalreporter.write_line(summary.table())
        (install.CACHE / "table.md").write_text(f"{summary.table()}\n")
