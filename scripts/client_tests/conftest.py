"""Shows the table of what was run, at the end of a run in which all went well."""

import pytest

from client_tests import install, summary


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Prints the table, and keeps it beside the clients."""
    if exitstatus == 0 and summary.LINES:
        terminalreporter.section("What was run")
        terminalreporter.write_line(summary.table())
        (install.CACHE / "table.md").write_text(f"{summary.table()}\n")
