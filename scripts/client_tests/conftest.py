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


TABLES = {
    "cached tokens": ("Cached tokens a turn", ("library", "without the addon", "with it")),
    "cached share": ("Share of the input that was read from the cache", ("client", "as it is sent", "with the addon")),
}
"""Of each property that tests record as cells: the title and the head of its table."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was read from the cache, as the tables of docs/clients.md have it."""
    properties = [each for report in terminalreporter.getreports("passed") for each in report.user_properties]
    for name, (title, head) in TABLES.items():
        if rows := [cells for property_name, cells in properties if property_name == name]:
            terminalreporter.section(title)
            for cells in (head, ("---",) * 3, *rows):
                terminalreporter.write_line(f"| {' | '.join(cells)} |")
