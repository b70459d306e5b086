"""Shows the table of what was run, at the end of a run in which all went well."""

import signal

import pytest

from client_tests import install, summary

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # so it is in the background of a shell; children would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Prints the table, and keeps it beside the clients."""
    if exitstatus == 0 and summary.LINES:
        terminalreporter.section("What was run")
        terminalreporter.write_line(summary.table())
        (install.CACHE / "table.md").write_text(f"{summary.table()}\n")
