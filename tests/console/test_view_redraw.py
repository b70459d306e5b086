"""mitmproxy's console does not go on showing a page that is out of date."""

import asyncio
from collections.abc import Iterator

import pytest
from codexcache.console import view as redraw
from codexcache.console.lookup import Lookup
from codexcache.console.view import CacheView
from codexcache.hooks.state import State
from mitmproxy import contentviews
from mitmproxy.addons.view import View
from mitmproxy.test import taddons, tflow
from mitmproxy.tools.console.flowview import FlowDetails


class Drawn:
    """Counts how often a view was to be drawn again."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, view: contentviews.Contentview) -> None:
        self.times += 1


@pytest.fixture
def drawn() -> Iterator[Drawn]:
    """Listens as the console's own window does."""
    listener = Drawn()
    contentviews.registry.on_change.connect(listener)
    yield listener
    contentviews.registry.on_change.disconnect(listener)


def test_mitmproxys_console_still_remembers_in_the_same_place() -> None:
    """Were it called otherwise, a page could be that of another flow."""
    assert callable(FlowDetails._get_content_view.cache_clear)


@pytest.fixture
def cleared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows by one each time the console forgets what it remembers."""
    times: list[bool] = []
    monkeypatch.setattr(FlowDetails._get_content_view, "cache_clear", lambda: times.append(True), raising=False)
    return times


async def test_what_was_shown_is_forgotten_once_it_was_shown(cleared: list[bool]) -> None:
    redraw.forget_soon()

    assert cleared == []
    await asyncio.sleep(0)
    assert cleared == [True]


def test_without_an_event_loop_nothing_is_shown_and_forgotten(cleared: list[bool]) -> None:
    redraw.forget_soon()

    assert cleared == []


@pytest.mark.parametrize(("focused", "expected"), [(True, 1), (False, 0)])
def test_only_the_flow_that_is_looked_at_is_drawn_again(drawn: Drawn, focused: bool, expected: int) -> None:
    """Another one would lose its place on the page."""
    flow, other, view = tflow.tflow(), tflow.tflow(), View()
    with taddons.context(view):
        view.add([flow, other])
        view.focus.flow = flow if focused else other
        CacheView(Lookup(State())).redraw(flow.id)

    assert drawn.times == expected
    with taddons.context():  # without a list of flows
        CacheView(Lookup(State())).redraw(flow.id)
    assert drawn.times == expected
