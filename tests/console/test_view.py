"""The content view: when it is chosen, what it shows of messages, and that it comes and goes with the addon."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.console.hold import HELD
from codexcache.console.lookup import Lookup
from codexcache.console.view import NAME, CacheView, turns_of
from codexcache.hooks.notify import TURN_SUMMARIES
from codexcache.hooks.state import State
from codexcache.text import WIDTH
from mitmproxy import contentviews, http, websocket
from mitmproxy.contentviews import Metadata
from mitmproxy.test import taddons, tflow
from support.turn_summaries import turn_summary
from wsproto.frame_protocol import Opcode


def a_view() -> CacheView:
    return CacheView(Lookup(State()))


def carrying(flow: http.HTTPFlow, *turn_summaries: Object) -> http.HTTPFlow:
    flow.metadata[TURN_SUMMARIES] = list(turn_summaries)
    return flow


def a_turn(*turn_summaries: Object) -> http.HTTPFlow:
    return carrying(tflow.tflow(), *(turn_summaries or [turn_summary(predecessor=None)]))


def a_socket(*turn_summaries: Object) -> http.HTTPFlow:
    return carrying(tflow.twebsocketflow(), *turn_summaries)


def turns_on_page(count: int) -> tuple[str, list[str]]:
    """Return the page of a flow with so many turns, and which turns it names."""
    said = a_view().pages(
        a_turn(*(turn_summary(turn=number, predecessor=None) for number in range(1, count + 1))), WIDTH
    )
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
def test_it_shows_itself_only_where_there_is_no_body_to_show(
    data: bytes, content_type: str | None, expected: str
) -> None:
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
    return a_view().prettify(b"{}", Metadata(flow=flow, websocket_message=message))


def test_a_message_shows_the_turn_that_it_belongs_to() -> None:
    """The frame that is the turn has its page, the others a line."""
    first, second = (
        turn_summary(turn=1, sent_at=10.0, predecessor=None),
        turn_summary(turn=2, sent_at=20.0, predecessor=None),
    )
    flow = a_socket(first, second)

    assert shown(flow, 10.0, from_client=True).split("\n")[2].startswith("turn 1 · ")
    assert shown(flow, 11.0, from_client=False) == "with turn 1 (miss: tools_changed)"
    assert shown(flow, 20.0, from_client=True).split("\n")[2].startswith("turn 2 · ")
    assert shown(flow, 21.0, from_client=True) == "with turn 2 (miss: tools_changed)"
    assert shown(flow, 9.0, from_client=True) == "This belongs to no finished turn."
    timeless = a_socket(turn_summary(sent_at="soon"))  # as it can come out of anyone's file
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
    flow, held = a_socket(turn_summary(turn="\x1b[2J", verdict="\u202e", sent_at=1.0)), a_turn()
    held.metadata[HELD] = "held"

    assert shown(flow, 2.0, from_client=False).isprintable()
    assert len(turns_of(held)) == 1
