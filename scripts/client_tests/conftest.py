"""The cases of a version of a client, and the table of what was run, at the end of a run in which all went well."""

import signal

import pytest

from client_tests import install, summary
from client_tests.cases import Case

# A shell has it ignored in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    """A case whose client is there."""
    case: Case = request.param
    if case.row.missing():
        pytest.skip(f"{case.row} could not be had")
    return case


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print the table, and keep it with the clients."""
    if exitstatus == 0 and summary.LINES:
        terminalreporter.section("What was run")
        terminalreporter.write_line(summary.table())
        (install.CACHE / "table.md").write_text(f"{summary.table()}\n")
