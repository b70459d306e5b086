"""A WebSocket's turns in their order, and how much of it is kept."""

import json
from dataclasses import dataclass

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.options import default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.response import KILLED
from codexcache.turn.rewrite import RequestEdits
from codexcache.turn.websocket import Backlog, Socket, SocketTurn, closing, ended_by_closing
from hypothesis import assume, given
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import Headers, client_headers, turn

HANDSHAKE = RequestEdits(fields=((b"session-id", b"s"),), changed=("session-id",))


@dataclass
class Sent:
    """A message of a client, as mitmproxy keeps it."""

    content: bytes = b"{}"
    timestamp: float = 0.0
    dropped: bool = False


def socket(headers: Headers | None = None) -> Socket:
    return Socket(
        client_headers=client_headers(headers), host="chatgpt.com", backlog=Backlog(limit=10), handshake=HANDSHAKE
    )


def exchange(key: str) -> Exchange:
    return Continuity().begin(turn(prompt_cache_key=key, transport="websocket"), default_settings())


def sent_on(opened: Socket, *keys: str, at: float = 0.0) -> list[SocketTurn]:
    """Send a turn with each of these keys; events come at 1.0."""
    return [opened.begin(exchange(key), Sent(timestamp=at)) for key in keys]


def drop(sent: SocketTurn) -> None:
    """Drop the message of a turn, as another addon does after this one has read it."""
    sent.message.dropped = True


def frame(kind: str, response_id: str | None = "r", **members: Json) -> bytes:
    event: Object = {"type": kind, **({"response": {"id": response_id}} if response_id else {}), **members}
    return json.dumps(event, separators=(",", ":")).encode()


def events(opened: Socket, *frames: bytes, dropped: bool = False) -> list[SocketTurn]:
    """Return the turns that are over after these events."""
    return [over for data in frames for over in opened.read_event(data, 1.0, dropped=dropped)]


def created(response_id: str) -> bytes:
    return frame("response.created", response_id)


def completed(response_id: str) -> bytes:
    return frame("response.completed", response_id)


def ids(turns: list[SocketTurn]) -> list[str | None]:
    return [each.response_info.response_id for each in turns]


DELTA = b'{"type":"response.output_text.delta","delta":"x"}'
QUOTING = b'{"x":{"type":"response.completed"},"response":{"id":"r9"}}'
NAMING_R2 = frame("response.created", None, response={"previous_response_id": "r2", "id": "r1"})
BOTH = [created("r1"), created("r2")]
NEXT = [completed("r1"), created("r2"), completed("r2")]
ERROR = b'{"type":"error","status":500}'
EMPTY_END = b'{"type":"response.completed","response":{}}'
SPACED = [data.replace(b":", b" : ") for data in (created("r"), completed("r"))]


@pytest.mark.parametrize(
    ("sent", "frames", "over"),
    [
        pytest.param(0, [completed("r")], {}, id="no turn: the event is passed over"),
        pytest.param(1, [created("r"), DELTA], {}, id="nothing of the last event"),
        pytest.param(1, [created("r"), completed("r"), completed("r")], {1: "r"}, id="the last event, once"),
        pytest.param(1, [b'{"type":"error","status":400}'], {1: None}, id="an error"),
        pytest.param(1, [frame("response.failed", None)], {1: None}, id="a failure"),
        pytest.param(1, SPACED, {1: "r"}, id="white space does not make another id"),
        pytest.param(2, [completed("r1"), completed("r2")], {1: "r1", 2: "r2"}, id="the oldest that is not over"),
        pytest.param(2, [created("r1"), frame("response.completed", None)], {1: None}, id="an end without an id"),
        pytest.param(2, [created("r1"), EMPTY_END], {1: None}, id="or whose response has none"),
        pytest.param(2, [created("r1"), frame("error", None)], {1: None}, id="an error of the response that runs"),
        pytest.param(2, [NAMING_R2, completed("r2")], {}, id="an id mentioned elsewhere is another"),
        pytest.param(2, [created("r1"), QUOTING], {}, id="what only quotes an event ends nothing"),
        pytest.param(2, [*BOTH, completed("r1"), completed("r2")], {1: "r1", 2: "r2"}, id="responses amid another"),
        pytest.param(2, [*BOTH, completed("r2"), completed("r1")], {2: "r2", 1: "r1"}, id="which end in any order"),
        pytest.param(1, [created("r1"), completed("x"), completed("r1")], {1: "r1"}, id="the end of no turn"),
        pytest.param(1, [created("r1"), created("x"), completed("x")], {}, id="a response that is no turn's"),
        pytest.param(2, [created("r1"), created("x"), *NEXT], {1: "r1", 2: "r2"}, id="it does not hide the next"),
        pytest.param(2, [created("r1"), created("r1"), *NEXT], {1: "r1", 2: "r2"}, id="a beginning that comes twice"),
        pytest.param(2, [created("r1"), ERROR, *NEXT[1:]], {1: None, 2: "r2"}, id="an error with a status, too"),
        pytest.param(2, [frame("response.created", None), *NEXT], {1: "r1", 2: "r2"}, id="a beginning without an id"),
    ],
)
def test_an_event_ends_the_turn_that_it_is_about(sent: int, frames: list[bytes], over: dict[int, str | None]) -> None:
    opened = socket()
    turns = sent_on(opened, *(f"k{number}" for number in range(sent)))
    ended = events(opened, *frames)

    assert [turns.index(each) + 1 for each in ended] == list(over)
    assert ids(ended) == list(over.values())


def test_the_first_event_tells_when_the_response_began() -> None:
    opened = socket()
    (sent,) = sent_on(opened, "k")
    for at in (1.0, 2.0):
        opened.read_event(created("r"), at)

    assert sent.exchange.first_byte_at == 1.0


def test_the_key_of_the_last_turn_is_known_also_after_its_end() -> None:
    opened = socket()
    for key in ("k1", "k2"):
        sent_on(opened, key)
    before = opened.last
    events(opened, completed("r1"), completed("r2"))

    assert before == opened.last == exchange("k2").cache_key


def test_a_handshakes_headers_count_for_the_first_turn() -> None:
    one, two = (sent.exchange for sent in sent_on(socket(), "k1", "k2"))

    assert [one.changed, two.changed] == [("session-id",), ()]
    assert [one.forwarded, two.forwarded] == [HANDSHAKE.fields] * 2


def test_a_socket_without_a_completed_handshake_changed_nothing() -> None:
    opened = Socket(client_headers=client_headers(), host="chatgpt.com", backlog=Backlog(limit=1))

    assert sent_on(opened, "k")[0].exchange.changed == ()


def test_a_refused_handshake_is_no_turn_of_the_backend_and_tells_what_was_changed() -> None:
    refused = socket({"session_id": "s"}).refused()

    assert (refused.turn.endpoint, refused.turn.transport, refused.turn.model) == ("handshake", "websocket", "")
    assert (refused.changed, refused.cache_key.key) == (("session-id",), "s")


def test_turns_that_were_not_over_are_abandoned_once_with_what_cut_them_short() -> None:
    opened = socket()
    turns = sent_on(opened, "k1", "k2")

    assert list(opened.abandon("it was closed")) == turns
    assert list(opened.abandon("it was closed")) == []
    assert {sent.response_info.cut_short for sent in turns} == {"it was closed"}


def test_a_turn_that_was_dropped_leaves_no_key_and_is_not_the_first() -> None:
    opened = socket()
    drop(sent_on(opened, "dropped")[0])
    before = opened.last
    (sent,) = sent_on(opened, "k")

    assert (before, sent.exchange.opens_socket) == (None, True)
    assert opened.last == exchange("k").cache_key


def test_a_turn_that_the_user_killed_is_abandoned_as_a_turn() -> None:
    opened = socket()
    (sent,) = sent_on(opened, "k")
    sent.response_info.cut_short = KILLED
    drop(sent)

    assert [over.withdrawn for over in opened.abandon("it was closed")] == [False]
    assert sent.response_info.cut_short == KILLED


def test_a_lost_end_shifts_no_other() -> None:
    """Its turn is over with the socket, as the end can still come."""
    opened = socket()
    one, two, three = sent_on(opened, "k1", "k2", "k3")

    assert events(opened, created("r1"), created("r2"), completed("r2")) == [two]
    assert events(opened, created("r3"), completed("r3")) == [three]
    assert ids([two, three]) == ["r2", "r3"]
    assert opened.last == exchange("k3").cache_key
    assert list(opened.abandon("it was closed")) == [one]
    assert (one.response_info.finished, one.response_info.usage) == (False, {})
    assert "went on to another response" in one.response_info.cut_short


def test_a_lost_end_with_the_next_beginning_shifts_no_other_either() -> None:
    """A client that sends a turn after a response has begun takes that for over."""
    opened = socket()
    events_of_one = sent_on(opened, "k1"), events(opened, created("r1"))
    two = sent_on(opened, "k2", at=2.0)

    assert (events_of_one[1], events(opened, completed("r2"))) == ([], two)
    assert ids(two) == ["r2"]


def test_turns_whose_ends_are_lost_do_not_pile_up() -> None:
    opened, turns = socket(), list[SocketTurn]()
    for number in range(40):
        turns += sent_on(opened, "k")
        over = events(opened, created(f"r{number}"), *([completed("r39")] if number == 39 else []))

    assert over == [turns[-1], *turns[:23]]
    assert opened.open_turns == turns[23:39]


def test_the_answer_of_a_turn_that_is_not_known_ends_no_other() -> None:
    """Nothing here could read what was asked; the backend answered it all the same."""
    opened = socket()
    (one,) = sent_on(opened, "k1")
    assert events(opened, created("r1"), created("unknown"), completed("unknown"), completed("r1")) == [one]
    (two,) = sent_on(opened, "k2")

    assert events(opened, created("r2"), completed("r2")) == [two]
    assert ids([one, two]) == ["r1", "r2"]


@pytest.mark.parametrize("begins", [True, False], ids=["after its beginning", "before it"])
def test_a_second_end_of_a_response_ends_no_other_turn(begins: bool) -> None:
    opened = socket()
    sent_on(opened, "k1")
    events(opened, created("r1"), completed("r1"))
    (two,) = sent_on(opened, "k2")
    beginning = [created("r2")] if begins else []

    assert events(opened, *beginning, frame("response.done", "r1")) == []
    assert events(opened, created("r2"), completed("r2")) == [two]


def test_a_backend_that_calls_all_responses_the_same_is_followed_in_order() -> None:
    opened = socket()
    for key in ("k1", "k2"):
        turns = sent_on(opened, key)
        assert events(opened, created("r"), completed("r")) == turns


@pytest.mark.parametrize("member", ["status", "status_code"])
def test_a_refusal_is_of_the_turn_that_was_sent_since_a_response_began(member: str) -> None:
    """It names no response; the client has taken the one that runs for over."""
    opened = socket()
    (one,) = sent_on(opened, "k1")
    events(opened, created("r1"))
    (two,) = sent_on(opened, "k2", at=2.0)

    assert events(opened, frame("error", None, **{member: 429})) == [two]
    assert [sent.response_info.status for sent in (one, two)] == [200, 429]


@pytest.mark.parametrize("error", [frame("error", None, status=429), frame("error", None)])
def test_an_error_of_the_only_turn_is_its_own(error: bytes) -> None:
    opened = socket()
    turns = sent_on(opened, "k1")

    assert events(opened, created("r1"), error) == turns
    assert turns[0].response_info.cut_short == ""


def test_a_beginning_that_another_addon_dropped_is_known_all_the_same() -> None:
    opened = socket()
    one, two = sent_on(opened, "k1", "k2")
    assert events(opened, created("r1"), created("r1"), dropped=True) == []

    assert events(opened, created("r2"), completed("r2"), completed("r1")) == [two, one]


@prop
@given(
    st.lists(
        st.tuples(st.sampled_from(["both", "beginning", "end"]), st.booleans(), st.booleans()), min_size=1, max_size=6
    )
)
def test_whatever_is_lost_each_turn_is_over_once_with_its_own_end(fates: list[tuple[str, bool, bool]]) -> None:
    """Of each turn it is drawn what came of its answer, if it was dropped itself, and if the next was sent early.

    Of two in flight, the end of one and the beginning of the next cannot both be lost.
    """
    opened, turns, over, waiting = socket(), list[SocketTurn](), list[SocketTurn](), list[bytes]()
    for number, (came, dropped, early) in enumerate(fates):
        assume(not waiting or came != "end")
        turns += sent_on(opened, f"k{number}", at=0.0 if waiting else 2.0)
        if dropped:
            drop(turns[-1])
        else:
            waiting += [created(f"r{number}")] if came in ("both", "beginning") else []
            waiting += [completed(f"r{number}")] if came in ("both", "end") else []
        if not early:
            over += events(opened, *waiting)
            waiting.clear()
    over += [*events(opened, *waiting), *opened.abandon("it was closed")]

    assert sorted(map(id, over)) == sorted(map(id, turns))
    for number, (turn_, (came, dropped, _)) in enumerate(zip(turns, fates, strict=True)):
        assert turn_.withdrawn == dropped
        assert turn_.response_info.finished == (not dropped and came != "beginning")
        assert turn_.response_info.response_id == (f"r{number}" if turn_.response_info.finished else None)


@pytest.mark.parametrize(
    ("by_client", "code", "reason", "said"),
    [
        (False, 1008, "policy violation", "closed by the server with 1008 (policy violation)"),
        (False, 1008, "Please log in again!", "with 1008 (Please log in again!)"),
        (False, 4029, "rate_limit: try in 30 s", "closed by the server with 4029 (rate_limit: try in 30 s)"),
        (False, 1011, "WebSocket error", "closed by the server with 1011 (WebSocket error)"),
        (False, 1008, "", "closed by the server with 1008"),
        (False, 1008, None, "closed by the server with 1008"),
        (True, 1000, "", "closed by the client with 1000"),
        (True, 4001, "bye", "closed by the client with 4001 (bye)"),
        (False, 1005, "", "closed by the server without a code"),
        (False, 1006, "", "lost the connection to the server"),
        (True, 1006, "", "lost the connection to the client"),
        (None, None, None, "lost the connection to the server"),
    ],
)
def test_how_a_socket_closed_is_said(by_client: bool | None, code: int | None, reason: str | None, said: str) -> None:
    assert closing(by_client=by_client, code=code, reason=reason).endswith(said)


@pytest.mark.parametrize(
    "reason",
    [
        "token sk-proj-abc123",
        "eyJhbGciOiJub25lIn0",
        "Bearer abcdef",
        "not for user@example.com",
        "account-1 is disabled",
        "see https://example.com/x",
        "session 0f8a5c1e",
        "card 1234-5678-9012-3456",
        "call 0123 456 789",
        "aVeryLongWordWithoutAnyEnd",
        "abcdefghijklmnopqrstuvwxyz",
        "word " * 20,
        "line\nbreak",
        "\x1b[31mred",
        "größer",
        "two  spaces",
        "a=b",
        "key: 'x'",
        "A" * 79 + "1",
        "ABC DEF " * 9 + "GHI1",
    ],
)
def test_a_reason_that_could_be_more_than_words_is_not_shown(reason: str) -> None:
    assert closing(by_client=False, code=1008, reason=reason) == "its WebSocket was closed by the server with 1008"


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
def test_beyond_the_limit_the_oldest_messages_go(sizes: list[int], gone: int) -> None:
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


def limits(used: float) -> bytes:
    return frame("codex.rate_limits", None, rate_limits={"primary": {"used_percent": used}})


def test_rate_limits_are_those_of_the_turn_that_waits_or_runs_and_between_two_were_so_before_the_second() -> None:
    opened = socket()
    events(opened, limits(40.0))
    (one,) = sent_on(opened, "a")
    over = events(opened, limits(41.0), created("r1"), limits(42.0), completed("r1"), limits(43.0))
    (two,) = sent_on(opened, "b")
    (three,) = sent_on(opened, "c")

    assert over == [one]
    assert (one.response_info.limits_before, one.response_info.limits) == ({"primary": 40.0}, {"primary": 42.0})
    assert (two.response_info.limits_before, two.response_info.limits) == ({"primary": 43.0}, {})
    assert three.response_info.limits_before == {}


def test_rate_limits_that_another_addon_dropped_are_not_told_to_the_client_and_end_nothing() -> None:
    opened = socket()
    (one,) = sent_on(opened, "a")

    assert events(opened, created("r1"), limits(41.0), dropped=True) == []
    assert (one.response_info.limits, opened.open_turns) == ({}, [one])


@pytest.mark.parametrize(
    ("by_client", "code", "ended"),
    [
        (True, 1000, "cancelled"),
        (True, 1006, "cancelled"),
        (True, None, "cancelled"),
        (False, 1008, "closed 1008"),
        (False, 1000, "closed 1000"),
        (False, 1005, "closed 1005"),
        (False, 1006, "cut"),
        (None, None, "cut"),
    ],
)
def test_who_closed_a_socket_and_with_what_says_how_its_turns_ended(
    by_client: bool | None, code: int | None, ended: str
) -> None:
    opened = socket()
    sent_on(opened, "a", "b")
    turns = [*opened.abandon("it was closed", ended_by_closing(by_client=by_client, code=code))]

    assert [sent.response_info.ended for sent in turns] == [ended, ended]
