"""One turn's way: what is written to it, what is remembered, and what is learned from the response."""

from dataclasses import replace

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.options import Mode, Settings, default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.request import Transport
from codexcache.wire.routes import Endpoint
from support.turns import NATIVE, Headers, client_headers, conversation, fields, headers_of, turn

FILL = default_settings()
PIN = replace(FILL, mode="pin")
OBSERVE = replace(FILL, mode="observe")
MODES: tuple[Mode, ...] = ("fill", "pin", "observe")


def learning(*members: str, mode: Mode = "fill") -> Settings:
    return replace(FILL, learn=frozenset(members), mode=mode)


class Line:
    """Sends turns one after the other and has each answered."""

    def __init__(self, settings: Settings = FILL) -> None:
        self.settings, self.continuity = settings, Continuity()

    def send(
        self,
        headers: Headers | None = None,
        body: dict[str, Json] | None = None,
        *,
        transport: Transport = "http",
        endpoint: Endpoint = "responses",
        host: str = "chatgpt.com",
    ) -> Exchange:
        sent = turn(headers, body, transport=transport, endpoint=endpoint, host=host)
        return self.continuity.begin(sent, self.settings)

    def answer(self, exchange: Exchange, response_id: str) -> None:
        exchange.response_info.response_id = response_id
        self.continuity.finish(exchange, self.settings)

    def refuse(self, exchange: Exchange, member: str, status: int | None = 400) -> str | None:
        """Have the backend refuse a member, and return what is said to the user."""
        exchange.response_info.status = status
        exchange.response_info.error = {"detail": f"Unsupported parameter: {member}"}
        return self.continuity.finish(exchange, self.settings)


@pytest.mark.parametrize("endpoint", ["responses", "compact"])
def test_every_endpoint_gets_the_same_envelope(endpoint: Endpoint) -> None:
    exchange = Line().send({"session_id": "s"}, {"stream_options": {}}, endpoint=endpoint)

    assert exchange.edits.put == {"prompt_cache_key": "s"}
    assert exchange.edits.drop == {"stream_options"}
    assert headers_of(exchange.edits) == {"session_id": "s", "session-id": "s"}


def test_a_frame_gets_the_same_key_as_a_request() -> None:
    put = [Line().send({"session_id": "s"}, transport=name).edits.put for name in ("http", "websocket")]

    assert put == [{"prompt_cache_key": "s"}] * 2


def test_what_was_altered_is_named() -> None:
    exchange = Line().send({"session_id": "s"}, {"stream_options": {}})

    assert exchange.changed == ("session-id", "prompt_cache_key", "stream_options")


def test_without_anything_to_go_by_no_key_is_written_and_the_rest_still_applies() -> None:
    exchange = Line().send({}, {"stream_options": {}})

    assert (exchange.cache_key.key, exchange.cache_key.source) == (None, "none")
    assert exchange.edits.put == {}
    assert exchange.edits.drop == {"stream_options"}


@pytest.mark.parametrize("name", ["prompt_cache_retention", "previous_response_id", "user", "store", "max_tokens"])
def test_everything_but_stream_options_is_kept(name: str) -> None:
    assert Line().send(NATIVE, {name: "x"}).edits.drop == frozenset()


def test_conversations_stick_across_endpoints() -> None:
    line = Line()
    line.send({"session_id": "s1"}, {"input": conversation("a")})
    compact = line.send({"session_id": "s2"}, {"input": conversation("a", "b")}, endpoint="compact")

    assert (compact.cache_key.key, compact.cache_key.inherited) == ("s1", True)


def test_a_response_is_remembered_with_its_turns_key() -> None:
    line = Line()
    line.answer(line.send({"session_id": "s1"}, {"input": "a"}), "r1")

    assert line.send({"session_id": "s2"}, {"previous_response_id": "r1"}).cache_key.key == "s1"


def test_a_warm_up_passes_its_session_on_to_the_turn_that_names_it() -> None:
    line = Line()
    line.answer(line.send({"session_id": "s1"}, {"generate": False, "input": []}), "warm")

    assert line.send({"session_id": "s2"}, {"previous_response_id": "warm", "input": "a"}).cache_key.key == "s1"


def test_a_warm_up_without_a_session_passes_nothing_on() -> None:
    line = Line()
    warm_up = line.send({}, {"generate": False, "input": []})
    line.answer(warm_up, "warm")
    following = line.send({}, {"previous_response_id": "warm", "input": "a"})

    assert (warm_up.edits.put, following.cache_key.source) == ({}, "conversation")


# Modes.


def test_pin_holds_a_changed_key_to_the_first() -> None:
    line = Line(PIN)
    line.send({}, {"prompt_cache_key": "k1", "input": conversation("a")})
    exchange = line.send({}, {"prompt_cache_key": "k2", "input": conversation("a", "b", "c")})

    assert exchange.edits.put == {"prompt_cache_key": "k1"}
    assert headers_of(exchange.edits)["session-id"] == "k1"


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_observe_changes_no_header_and_no_byte_of_a_body(transport: Transport) -> None:
    headers = {"x-session-id": "s"}
    exchange = Line(OBSERVE).send(headers, {"stream_options": {}, "input": "a"}, transport=transport)
    edits = exchange.edits

    assert (edits.fields, edits.put, edits.drop, edits.changed) == (fields(headers), {}, frozenset(), ())


@pytest.mark.parametrize(
    ("headers", "body", "key", "source"),
    [
        pytest.param({"session_id": "s"}, {"prompt_cache_key": "k"}, "k", "prompt_cache_key", id="a key"),
        pytest.param({"session_id": "s"}, {}, "s", "session", id="a session"),
        pytest.param({"idempotency-key": "i"}, {"input": "a"}, None, "none", id="nothing derived"),
    ],
)
def test_observe_says_what_was_sent(headers: Headers, body: dict[str, Json], key: str | None, source: str) -> None:
    cache_key = Line(OBSERVE).send(headers, body).cache_key

    assert (cache_key.key, cache_key.source, cache_key.inherited) == (key, source, False)


@pytest.mark.parametrize(("mode", "completed"), [("fill", True), ("pin", True), ("observe", False)])
def test_a_handshake_is_completed_unless_the_addon_only_observes(mode: Mode, completed: bool) -> None:
    edits = Continuity().open_socket(client_headers({"session_id": "s"}), replace(FILL, mode=mode))

    assert ("session-id" in headers_of(edits), edits.changed == ("session-id",)) == (completed, completed)


# What the backend refuses.


def test_a_member_that_the_client_sent_is_kept_and_it_is_said_once_what_to_set() -> None:
    line = Line()
    said = [line.refuse(line.send({}, {"user": "u"}), "user") for _ in range(2)]

    assert said[0] is not None
    assert "set codex_strip=stream_options,user" in said[0]
    assert said[1] is None
    assert line.send({}, {"user": "u"}).edits.drop == frozenset()


@pytest.mark.parametrize("mode", ["fill", "pin"])
def test_a_member_named_in_codex_learn_is_left_out_of_later_turns(mode: Mode) -> None:
    line = Line(learning("user", mode=mode))
    before = line.send({}, {"user": "u"})
    said = line.refuse(before, "user")

    assert before.edits.drop == frozenset()
    assert said is not None
    assert "As codex_learn asks" in said
    assert line.send({}, {"user": "u"}).edits.drop == {"user"}


@pytest.mark.parametrize(
    ("host", "model", "drop"),
    [("chatgpt.com", "m", {"user"}), ("gov.chatgpt.com", "m", set()), ("chatgpt.com", "m2", set())],
)
def test_it_is_left_out_for_that_host_and_model(host: str, model: str, drop: set[str]) -> None:
    line = Line(learning("user"))
    line.refuse(line.send({}, {"user": "u", "model": "m"}), "user")

    assert line.send({}, {"user": "u", "model": model}, host=host).edits.drop == drop


def test_a_member_is_no_longer_left_out_once_codex_learn_does_not_name_it() -> None:
    line = Line(learning("user"))
    line.refuse(line.send({}, {"user": "u"}), "user")
    line.settings = FILL

    assert line.send({}, {"user": "u"}).edits.drop == frozenset()


def test_observe_learns_nothing_but_says_what_to_set() -> None:
    line = Line(learning("user", mode="observe"))
    said = line.refuse(line.send({}, {"user": "u"}), "user")
    line.settings = learning("user")

    assert said is not None
    assert line.send({}, {"user": "u"}).edits.drop == frozenset()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param({"detail": "Unsupported parameter: seed"}, 400, id="a member that was not sent"),
        pytest.param({"detail": "Unsupported parameter: stream_options"}, 400, id="a member that was stripped"),
        pytest.param({"detail": "Invalid value: 'user'"}, 400, id="an invalid value"),
        pytest.param({"detail": "Unsupported parameter: user"}, 403, id="another status"),
        pytest.param({"detail": "Unsupported parameter: user"}, 500, id="a fault of the server"),
        pytest.param({}, 400, id="no words"),
        pytest.param(None, 200, id="no error"),
    ],
)
def test_nothing_is_said_or_learned_of(error: Object | None, status: int) -> None:
    line = Line(learning("user", "seed"))
    exchange = line.send({}, {"user": "u", "stream_options": {}})
    exchange.response_info.status, exchange.response_info.error = status, error

    assert line.continuity.finish(exchange, line.settings) is None
    assert line.send({}, {"user": "u", "seed": 7}).edits.drop == frozenset()


@pytest.mark.parametrize("param", ["user.x", "user[0]", "input[13].namespace", "previous_response_id"])
def test_what_no_option_removes_is_said_once_and_never_learned(param: str) -> None:
    """A path names a member inside one that could be learned; the other one is a delta's."""
    line = Line(learning("user"))
    body: dict[str, Json] = {"user": [{"x": 1}], "previous_response_id": "resp_1", "input": [{}]}
    said = [line.refuse(line.send({}, body), param) for _ in range(2)]

    assert said[0] is not None
    assert f"refused '{param}'" in said[0]
    assert "set codex_" not in said[0]
    assert said[1] is None
    assert line.send({}, body).edits.drop == frozenset()


@pytest.mark.parametrize("status", [None, 200, 400])
def test_a_refusal_may_come_as_a_status_or_as_an_event(status: int | None) -> None:
    line = Line()

    assert line.refuse(line.send({}, {"user": "u"}), "user", status) is not None


def test_a_key_that_the_addon_added_is_not_added_again_there() -> None:
    line = Line()
    said = [line.refuse(line.send({"session_id": "s"}, endpoint="compact"), "prompt_cache_key") for _ in range(2)]
    compact, responses = (line.send({"session_id": "s"}, endpoint=name) for name in ("compact", "responses"))

    assert said[0] is not None
    assert "is not added there again" in said[0]
    assert said[1] is None
    assert (compact.edits.put, responses.edits.put) == ({}, {"prompt_cache_key": "s"})
    assert headers_of(compact.edits)["session-id"] == "s"


def test_the_clients_own_key_is_still_written_where_an_added_one_was_refused() -> None:
    line = Line()
    line.refuse(line.send({"session_id": "s"}), "prompt_cache_key")

    assert line.send({}, {"prompt_cache_key": " k "}).edits.put == {"prompt_cache_key": "k"}


@pytest.mark.parametrize("key", ["k", " k "])
def test_a_refused_key_that_the_client_sent_is_its_own_matter(key: str) -> None:
    line = Line()
    said = line.refuse(line.send({}, {"prompt_cache_key": key}), "prompt_cache_key")

    assert said is not None
    assert "It was kept" in said
    assert line.send({"session_id": "s"}).edits.put == {"prompt_cache_key": "s"}


def test_a_key_that_took_the_place_of_a_null_was_added_by_the_addon() -> None:
    line = Line()
    said = line.refuse(line.send({"session_id": "s"}, {"prompt_cache_key": None}), "prompt_cache_key")

    assert said is not None
    assert "was added" in said


@pytest.mark.parametrize(
    ("body", "member", "origin"),
    [
        pytest.param({"user": "u"}, "user", "client", id="sent"),
        pytest.param({}, "user", "neither", id="not sent"),
        pytest.param({"stream_options": {}}, "stream_options", "neither", id="removed"),
        pytest.param({}, "prompt_cache_key", "addon", id="added"),
        pytest.param({"prompt_cache_key": " k "}, "prompt_cache_key", "client", id="trimmed"),
    ],
)
def test_who_had_put_a_refused_member_there_is_known(body: dict[str, Json], member: str, origin: str) -> None:
    exchange = Line().send({"session_id": "s"}, body)
    exchange.response_info.error = {"error": {"code": "unknown_parameter", "param": member}}

    assert exchange.refusal == (member, origin)


def test_what_the_user_put_in_or_took_out_counts_for_the_client() -> None:
    exchange = Line().send({"session_id": "s"}, {"user": "u"})
    exchange.response_info.error = {"detail": "Unsupported parameter: user"}
    exchange.edited_turn = turn({}, {})

    assert exchange.refusal == ("user", "neither")
    exchange.edited_turn = turn({}, {"user": "v"})
    assert exchange.refusal == ("user", "client")


def test_a_turn_ends_once() -> None:
    line = Line()
    exchange = line.send({}, {"user": "u"})
    line.answer(exchange, "r1")

    assert line.refuse(exchange, "user") is None


# Passages.


def test_a_passage_knows_what_was_forwarded() -> None:
    exchange = Line().send({"session_id": "s"}, {"prompt_cache_key": " k "})

    assert exchange.forwarded_key == "k"
    assert exchange.forwarded == exchange.edits.fields


@pytest.mark.parametrize(
    ("body", "strip", "key"),
    [
        pytest.param({"prompt_cache_key": "k"}, "", "k", id="as it came"),
        pytest.param({"prompt_cache_key": "k"}, "prompt_cache_key", None, id="stripped"),
        pytest.param({"prompt_cache_key": 7}, "", 7, id="what is no string"),
        pytest.param({}, "", None, id="none"),
    ],
)
def test_the_key_that_was_forwarded_is_the_bodys(body: dict[str, Json], strip: str, key: Json) -> None:
    line = Line(replace(FILL, strip=frozenset(strip.split())))

    assert line.send({}, body).forwarded_key == key
