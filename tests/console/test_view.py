"""The content view: when it is chosen, what it shows, how wide it is, and that it is not shown when out of date."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from codexcache.console import view as redraw
from codexcache.console.hold import HELD
from codexcache.console.lookup import Lookup
from codexcache.console.view import NAME, CacheView, page_width, popup_width, readable, told_turn, turns_of
from codexcache.hooks.state import State
from codexcache.text import WIDTH
from mitmproxy import contentviews, http, websocket
from mitmproxy.addons.view import View
from mitmproxy.contentviews import Contentview, Metadata
from mitmproxy.test import taddons, tflow
from mitmproxy.tools.console.flowview import FlowDetails
from support.console import pretend_console
from support.saved import saved_request, saved_socket
from support.turn_summaries import turn_summary
from wsproto.frame_protocol import Opcode


def a_view() -> CacheView:
    return CacheView(Lookup(State()))


def a_turn() -> http.HTTPFlow:
    return saved_request(turn_summaries=[turn_summary(predecessor=None)])


def turns_on_page(count: int) -> tuple[str, list[str]]:
    """Return the page of a flow with so many turns, and which turns it names."""
    known = [turn_summary(turn=number, predecessor=None) for number in range(1, count + 1)]
    said = a_view().pages(saved_request(turn_summaries=known), WIDTH)
    return said, [line.split(" · ")[0] for line in said.split("\n") if line.startswith("turn ")]


def chosen(flow: http.HTTPFlow, data: bytes, content_type: str | None = None) -> str:
    """Return the name of the view that mitmproxy chooses by itself for a request."""
    view = a_view()
    view.load(None)
    try:
        metadata = Metadata(flow=flow, content_type=content_type, http_message=flow.request)
        return contentviews.registry.get_view(data, metadata).name
    finally:
        view.done()


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [(b"{}", "application/json", "JSON"), (b"{}", None, "Raw"), (b"", None, NAME)],
)
def test_it_shows_itself_only_where_there_is_no_body(data: bytes, content_type: str | None, expected: str) -> None:
    """As in the handshake of a WebSocket: one who looks at a body wants to see it."""
    assert chosen(a_turn(), data, content_type) == expected


def test_it_never_shows_itself_for_other_flows_nor_for_an_empty_response() -> None:
    assert chosen(tflow.tflow(), b"") == "Raw"
    assert a_view().render_priority(b"", Metadata(flow=tflow.ttcpflow())) == -1
    assert a_view().render_priority(b"", Metadata()) == -1
    empty = Metadata(flow=a_turn(), http_message=http.Response.make())  # the page belongs to the request
    assert a_view().render_priority(b"", empty) < 0.1


@pytest.mark.parametrize("flow", [None, tflow.tflow(), tflow.ttcpflow()], ids=["none", "another", "TCP"])
def test_asked_for_another_flow_it_says_what_it_is_not(flow: http.HTTPFlow | None) -> None:
    said = a_view().prettify(b"", Metadata(flow=flow))

    assert said == "This is not a turn of the Codex backend, or not a finished one."


def test_of_a_socket_the_latest_miss_is_shown_first_as_its_comment_tells_of_it() -> None:
    """A socket has a whole session's turns, and who asks why wants to know of the miss."""
    flow = tflow.twebsocketflow()
    misses = (False, True, True, False, False)
    flow.metadata["codex"] = [
        turn_summary(turn=number, predecessor=None, is_miss=is_miss) for number, is_miss in enumerate(misses)
    ]
    shown = a_view().pages(flow, WIDTH)

    assert re.findall(r"^turn \d", shown, re.MULTILINE) == ["turn 2", "turn 4", "turn 3", "turn 1", "turn 0"]
    assert shown.startswith("First the latest miss, then the other turns from the latest on.\n \nmiss: ")
    assert told_turn(flow)["turn"] == 2
    flow.metadata[HELD] = turn_summary(turn=5, ended_at=None, predecessor=None)
    assert told_turn(flow)["turn"] == 5


def test_of_a_request_that_was_tried_again_the_latest_try_is_shown_first() -> None:
    flow = a_turn()
    flow.metadata["codex"] = [
        turn_summary(turn=number, predecessor=None, is_miss=is_miss) for number, is_miss in enumerate((True, False))
    ]

    assert re.findall(r"^turn \d", a_view().pages(flow, WIDTH), re.MULTILINE) == ["turn 1", "turn 0"]


def test_all_turns_of_a_flow_are_shown_one_that_is_held_and_the_latest_first() -> None:
    """Of very many only the latest."""
    said, turns = turns_on_page(30)

    assert turns_on_page(3)[1] == ["turn 3", "turn 2", "turn 1"]
    assert turns == [f"turn {number}" for number in range(30, 10, -1)]
    assert said.endswith("There are 10 earlier turns.")
    flow = a_turn()
    flow.metadata[HELD] = held = turn_summary(turn=8, ended_at=None, predecessor=None)
    assert turns_of(flow) == [turn_summary(predecessor=None), held]
    assert a_view().pages(flow, WIDTH).startswith("held, heading for tools_changed\n")


def shown(flow: http.HTTPFlow, at: float, *, from_client: bool) -> str:
    message = websocket.WebSocketMessage(Opcode.TEXT, from_client, b"{}", at)
    with taddons.context():
        return a_view().prettify(b"{}", Metadata(flow=flow, websocket_message=message))


def test_a_message_shows_the_turn_that_it_belongs_to() -> None:
    """The frame that is the turn has its page, the others a line."""
    known = [turn_summary(turn=turn, sent_at=10.0 * turn, predecessor=None) for turn in (1, 2)]
    flow = saved_socket(turn_summaries=known)

    assert shown(flow, 10.0, from_client=True).split("\n")[2].startswith("turn 1 · ")
    assert shown(flow, 11.0, from_client=False) == "with turn 1 (miss: tools_changed)"
    assert shown(flow, 20.0, from_client=True).split("\n")[2].startswith("turn 2 · ")
    assert shown(flow, 21.0, from_client=True) == "with turn 2 (miss: tools_changed)"
    assert shown(flow, 9.0, from_client=True) == "This belongs to no finished turn."
    timeless = saved_socket(turn_summaries=[turn_summary(sent_at="soon")])  # as it can come out of anyone's file
    assert shown(timeless, 10.0, from_client=True) == "This belongs to no finished turn."


def registered() -> object:
    return contentviews.registry.get(NAME)


def test_the_view_comes_and_goes_with_the_addon() -> None:
    view = a_view()
    with taddons.context(view):
        assert registered() is view
        assert NAME.lower() in contentviews.registry.available_views()
    view.done()

    assert registered() is None


def test_an_older_instance_leaves_the_newer_ones_view() -> None:
    """mitmproxy ends the old one after the new one has begun, or before."""
    old, new = a_view(), a_view()
    old.load(None)
    new.load(None)
    old.done()

    assert registered() is new
    new.done()


def test_what_a_strangers_file_says_is_defused() -> None:
    """And what it says is held is not."""
    flow, held = saved_socket(turn_summaries=[turn_summary(turn="\x1b[2J", verdict="\u202e", sent_at=1.0)]), a_turn()
    held.metadata[HELD] = "held"

    assert shown(flow, 2.0, from_client=False).isprintable()
    assert len(turns_of(held)) == 1


@pytest.fixture
def drawn() -> Iterator[list[Contentview]]:
    """Grows by each view that is to be drawn again, as the console's own window is told."""
    views = list[Contentview]()

    def draw(view: Contentview) -> None:
        views.append(view)

    contentviews.registry.on_change.connect(draw)
    yield views
    contentviews.registry.on_change.disconnect(draw)


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
def test_only_the_flow_that_is_looked_at_is_drawn_again(drawn: list[Contentview], focused: bool, expected: int) -> None:
    """Another one would lose its place on the page."""
    flow, other, view = tflow.tflow(), tflow.tflow(), View()
    with taddons.context(view):
        view.add([flow, other])
        view.focus.flow = flow if focused else other
        a_view().redraw(None, flow)

    assert len(drawn) == expected
    with taddons.context():  # without a list of flows
        a_view().redraw(None, flow)
    assert len(drawn) == expected


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
