"""Clients are interrupted by Ctrl-C, wherever the tests were started; each test is of a group; tables at the end."""

import signal

import pytest

from client_tests.install import GROUPS

# A shell has it ignored in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Declare a marker for each group."""
    for group in GROUPS:
        config.addinivalue_line("markers", f"{group}: needs the clients of this group")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test without a group, which `scripts/test-clients` would never run."""
    for item in items:
        if not any(map(item.get_closest_marker, GROUPS)):
            raise pytest.UsageError(f"{item.nodeid} needs a mark: one of {', '.join(GROUPS)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each library read from the cache, turn by turn."""
    properties = (each for report in terminalreporter.getreports("passed") for each in report.user_properties)
    if cached := [cells for name, cells in properties if name == "cached tokens"]:
        terminalreporter.section("Cached tokens a turn")
        for cells in (("library", "without the addon", "with it"), ("---",) * 3, *cached):
            terminalreporter.write_line(f"| {' | '.join(cells)} |")
