"""How much room there is for text, in mitmproxy's console and without one."""

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
    """As in mitmweb, whose window nobody knows, and in mitmdump."""
    assert (page_width(), popup_width()) == (WIDTH, WIDTH)


@pytest.mark.parametrize(("columns", "expected"), [(80, 62), (100, 78), (160, 126)])
def test_a_popup_takes_four_fifths_of_the_terminal(context: taddons.context, columns: int, expected: int) -> None:
    """Without its frame, as mitmproxy 12.2 draws it."""
    pretend_console(context.master, columns)

    assert popup_width() == expected


@pytest.mark.parametrize(("columns", "expected"), [(80, 78), (160, 88)])
def test_a_page_takes_the_terminal_up_to_what_can_be_read(
    context: taddons.context, columns: int, expected: int
) -> None:
    """But for the arrow before a message's lines."""
    pretend_console(context.master, columns)

    assert page_width() == expected


def test_panes_side_by_side_have_half_of_it_each(context: taddons.context) -> None:
    pretend_console(context.master, 140)
    context.options.update(console_layout="horizontal")

    assert (page_width(), popup_width()) == (68, 68)


def test_in_a_tiny_terminal_text_keeps_a_width_that_can_be_laid_out(context: taddons.context) -> None:
    pretend_console(context.master, 20)

    assert (page_width(), popup_width()) == (62, 62)


def test_text_to_read_has_no_use_for_every_column() -> None:
    assert [readable(width) for width in (20, 70, 126)] == [62, 70, 88]
