"""A WebSocket's turns in their order, and how much of it is kept."""

import json

import pytest
from codexcache.body.json_splice import Object
from codexcache.options import default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.rewrite import RequestEdits
from codexcache.turn.websocket import Backlog, Socket
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import client_headers, turn

HANDSHAKE = RequestEdits(fields=((b"session-id", b"s"),), changed=("session-id",))


def socket() -> Socket:
    return Socket(client_headers=client_headers(), host="chatgpt.com", backlog=Backlog(limit=10), handshake=HANDSHAKE)


def opened(*exchanges: Exchange) -> Socket:
    """Return a socket over which these turns were sent."""
    made = socket()
    for each in exchanges:
        made.begin(each)
    return made


def exchange(key: str) -> Exchange:
    return Continuity().begin(turn(prompt_cache_key=key, transport="websocket"), default_settings())


def frame(kind: str, response_id: str = "r") -> bytes:
    event: Object = {"type": kind, "response": {"id": response_id}}
    return json.dumps(event).encode()


def test_a_turn_is_finished_by_its_last_event_or_by_an_error() -> None:
    """An event without a turn is passed over."""
    connection = opened(sent := exchange("k"))

    assert connection.read_event(frame("response.created"), 1.0) is None
    assert connection.read_event(b'{"type":"response.output_text.delta","delta":"x"}', 2.0) is None
    assert connection.read_event(frame("response.completed"), 3.0) is sent
    assert connection.read_event(frame("response.completed"), 4.0) is None
    assert opened(sent := exchange("k")).read_event(b'{"type":"error","status":400}', 1.0) is sent


def test_an_event_belongs_to_the_oldest_turn_that_is_not_finished() -> None:
    connection = opened(one := exchange("k1"), two := exchange("k2"))
    finished = [connection.read_event(frame("response.completed", name), 1.0) for name in ("r1", "r2")]

    assert finished == [one, two]
    assert [one.response_info.response_id, two.response_info.response_id] == ["r1", "r2"]


def test_the_first_event_tells_when_the_response_began() -> None:
    connection = opened(sent := exchange("k"))
    for at in (1.0, 2.0):
        connection.read_event(frame("response.created"), at)

    assert sent.first_byte_at == 1.0


def test_a_handshakes_headers_count_for_the_first_turn() -> None:
    """Where it was not completed, it changed nothing."""
    connection = opened(one := exchange("k1"), two := exchange("k2"))
    Socket(client_headers=client_headers(), host="chatgpt.com", backlog=Backlog(limit=1)).begin(other := exchange("k"))

    assert [each.changed for each in (one, two, other)] == [("session-id",), (), ()]
    assert [one.forwarded, two.forwarded] == [HANDSHAKE.fields] * 2
    assert connection.last == two.cache_key


def test_turns_that_were_not_finished_are_abandoned_once() -> None:
    connection = opened(one := exchange("k1"), two := exchange("k2"))

    assert list(connection.abandon()) == [one, two]
    assert list(connection.abandon()) == []


def test_messages_are_kept_up_to_the_limit() -> None:
    backlog = Backlog(limit=10)

    assert [backlog.add(size) for size in (4, 6, 1)] == [False, False, True]


@pytest.mark.parametrize(
    ("sizes", "gone"),
    [
        pytest.param([4, 4, 4], 2, id="the oldest, until half of the limit is free"),
        pytest.param([1, 1, 1], 0, id="none while there is room"),
        pytest.param([1, 20], 1, id="the latest stays, whatever its size"),
        pytest.param([20], 0, id="a single one stays"),
        pytest.param([], 0, id="none of none"),
    ],
)
def test_beyond_it_the_oldest_go(sizes: list[int], gone: int) -> None:
    backlog = Backlog(limit=10)

    assert (backlog.surplus(sizes), backlog.size) == (gone, sum(sizes[gone:]))


@prop
@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 50))
def test_what_is_kept_never_exceeds_the_limit_but_for_the_latest(sizes: list[int], limit: int) -> None:
    backlog, kept = Backlog(limit=limit), list[int]()
    for size in sizes:
        kept.append(size)
        if backlog.add(size):
            del kept[: backlog.surplus(kept)]

        assert backlog.size == sum(kept)
        assert sum(kept) <= limit or len(kept) == 1
        assert kept[-1] == size
