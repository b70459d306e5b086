"""What stands in for mitmproxy's console where there is none: its addon's name, and a terminal of a size."""

from types import SimpleNamespace

from mitmproxy import master


def pretend_console(at: master.Master, columns: int) -> None:
    """Make a master look like that of the console, in its layout of one pane and so many columns."""
    at.options.add_option("console_layout", str, "single", "")
    at.addons.add(SimpleNamespace(name="consoleaddon"))
    at.ui = SimpleNamespace(get_cols_rows=lambda: (columns, 24))  # type: ignore[attr-defined]
