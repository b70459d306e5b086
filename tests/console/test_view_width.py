"""How wide text may be, in mitmproxy's console and without one."""

from collections.abc import Iterator

import pytest
from codexcache.console.view import page_width, popup_width, readable
from codexcache.text import WIDTH
from mitmproxy.test import taddons
from support.console import pretend_console


@pytest.fixture
def context() -> Iterator[taddons.context]:
    with taddons.context() as opened:
        yield opened


def test_without_a_console_the_width_is_always_the_same(context: taddons.context) -> None:
    """As in mitmweb, whose window is not known, and in mitmdump. Panes side by side have half of a console's each."""
    assert (page_width(), popup_width()) == (WIDTH, WIDTH)
    pretend_console(context.master, 140)
    context.options.update(console_layout="horizontal")

    assert (page_width(), popup_width()) == (68, 68)
    assert [readable(width) for width in (20, 70, 126)] == [62, 70, 88]


@pytest.mark.parametrize(
    ("columns", "page", "popup"),
    [
        pytest.param(80, 78, 62, id="80"),
        pytest.param(100, 88, 78, id="100"),
        pytest.param(160, 88, 126, id="160"),
        pytest.param(20, 62, 62, id="a tiny one, in which text keeps a width that can be laid out"),
    ],
)
def test_a_page_takes_the_terminal_up_to_what_can_be_read_and_a_popup_four_fifths_of_it(
    context: taddons.context, columns: int, page: int, popup: int
) -> None:
    """But for the arrow before a message's lines, and for the popup's frame, as mitmproxy 12.2 draws it."""
    pretend_console(context.master, columns)

    assert (page_width(), popup_width()) == (page, popup)
