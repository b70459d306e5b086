"""How much room there is for text: in mitmproxy's console as much as its terminal has, elsewhere always the same.

The console's layouts and its popup, which takes four fifths of the terminal, are those of mitmproxy 12.2.
"""

import math

from mitmproxy import ctx

from ..words.layout import NARROWEST, WIDEST, WIDTH

_FRAME = 2
"""Columns of the frame of a popup."""

_ARROW = 2
"""Columns of the arrow that stands before each line of a WebSocket's message."""


def page_width() -> int:
    """Return the columns of a page in the view of a flow."""
    terminal = _terminal()
    return WIDTH if terminal is None else readable(_pane(terminal) - _ARROW)


def popup_width() -> int:
    """Return the columns of what a command shows."""
    terminal = _terminal()
    return WIDTH if terminal is None else max(NARROWEST, min(math.ceil(terminal * 0.8), _pane(terminal)) - _FRAME)


def readable(width: int) -> int:
    """Return a width for text to read, which has no use for every column."""
    return max(NARROWEST, min(width, WIDEST))


def _terminal() -> int | None:
    """Return the columns of the console's terminal, None where there is no console."""
    if ctx.master.addons.get("consoleaddon") is None:
        return None
    columns: int = ctx.master.ui.get_cols_rows()[0]  # type: ignore[attr-defined]
    return columns


def _pane(terminal: int) -> int:
    """Return the columns of a pane: two stand side by side in the layout that mitmproxy calls horizontal."""
    return terminal // 2 if ctx.options.console_layout == "horizontal" else terminal
