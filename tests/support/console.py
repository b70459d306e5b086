"""What stands in for mitmproxy's console where there is none: its addon's name, and a terminal of a size."""

from mitmproxy import master


class Console:
    """An addon that is taken for the console's."""

    name = "consoleaddon"


class Terminal:
    """A terminal that is so many columns wide."""

    def __init__(self, columns: int) -> None:
        self._columns = columns

    def get_cols_rows(self) -> tuple[int, int]:
        return self._columns, 24


def pretend_console(at: master.Master, columns: int) -> None:
    """Make a master look like that of the console, in its layout of one pane."""
    at.options.add_option("console_layout", str, "single", "")
    at.addons.add(Console())
    at.ui = Terminal(columns)  # type: ignore[attr-defined]
