"""One turn's way: what is written to it, what is remembered, and what is learned from the response."""

from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.options import Mode, Settings, default_settings
from codexcache.turn.exchange import Continuity, Exchange, unchanged_exchange
from codexcache.turn.request import Transport, read_turn
from codexcache.wire.routes import Endpoint
from support.turns import Headers, client_headers, conversation, fields, headers_of, turn

FILL = default_settings()
PIN = replace(FILL, mode="pin")
OBSERVE = replace(FILL, mode="observe")
MODES: tuple[Mode, ...] = ("fill", "pin", "observe")


def learning(*members: str, mode: Mode = "fill") -> Settings:
    return replace(FILL, learn=frozenset(members), mode=mode)


class Client:
    """Sends turns one after the other and has each answered."""

    def __init__(self, settings: Settings = FILL) -> None:
        self.settings, self.continuity = settings, Continuity()

    def send(self, headers: Headers | None = None, body: dict[str, Json] | None = None, **way: Any) -> Exchange:
        """Send a turn; its transport, endpoint and host can be given."""
        return self.continuity.begin(turn(headers, body, **way), self.settings)

    def answer(self, exchange: Exchange, response_id: str) -> None:
        exchange.response_info.response_id = response_id
        self.continuity.finish(exchange, self.settings)

    def refuse(self, exchange: Exchange, member: str, status: int | None = 400) -> str | None:
        """Have the backend refuse a member, and return what is said to the user."""
        exchange.response_info.status, exchange.response_info.error = (
            status,
            {"detail": f"Unsupported parameter: {member}"},
        )
        return self.continuity.finish(exchange, self.settings)

    def send_refused(self, member: str, headers: Headers | None = None, **members: Json) -> str:
        """Send a turn that is refused for a member; return what is said to the user, "" for nothing."""
        return self.refuse(self.send(headers, members), member) or ""

    def dropped(self, **members: Json) -> frozenset[str]:
        """Return what is left out of a turn with these members."""
        return frozenset(self.send({}, members).edits.drop)


@pytest.mark.parametrize("endpoint", ["responses", "compact"])
def test_every_endpoint_gets_the_same_edits_and_a_frame_the_same_key(endpoint: Endpoint) -> None:
    exchange = Client().send({"session_id": "s"}, {"stream_options": {}}, endpoint=endpoint)

    assert exchange.edits.put == {"prompt_cache_key": "s"}
    assert exchange.edits.drop == {"stream_options"}
    assert headers_of(exchange.edits) == {"session_id": "s", "session-id": "s"}
    assert exchange.changed == ("session-id", "prompt_cache_key", "stream_options")
    assert Client().send({"session_id": "s"}, transport="websocket").edits.put == exchange.edits.put


def test_without_anything_to_go_by_no_key_is_written_and_the_rest_still_applies() -> None:
    exchange = Client().send({}, {"stream_options": {}})

    assert (exchange.cache_key.key, exchange.cache_key.source) == (None, "none")
    assert exchange.edits.put == {}
    assert exchange.edits.drop == {"stream_options"}


@pytest.mark.parametrize("name", ["prompt_cache_retention", "previous_response_id", "user", "store", "max_tokens"])
def test_everything_but_stream_options_is_kept(name: str) -> None:
    assert Client().dropped(**{name: "x"}) == frozenset()


def test_conversations_stick_across_endpoints() -> None:
    client = Client()
    client.send({"session_id": "s1"}, {"input": conversation("a")})
    compact = client.send({"session_id": "s2"}, {"input": conversation("a", "b")}, endpoint="compact")

    assert (compact.cache_key.key, compact.cache_key.inherited) == ("s1", True)


@pytest.mark.parametrize("body", [{"input": "a"}, {"generate": False, "input": []}], ids=["a turn", "a warm-up"])
def test_a_response_is_remembered_with_its_turns_key(body: dict[str, Json]) -> None:
    client = Client()
    client.answer(client.send({"session_id": "s1"}, body), "r1")

    assert client.send({"session_id": "s2"}, {"previous_response_id": "r1", "input": "a"}).cache_key.key == "s1"


def test_a_warm_up_without_a_session_passes_nothing_on() -> None:
    client = Client()
    client.answer(warm_up := client.send({}, {"generate": False, "input": []}), "warm")
    following = client.send({}, {"previous_response_id": "warm", "input": "a"})

    assert (warm_up.edits.put, following.cache_key.source) == ({}, "conversation")


# Modes.


def test_pin_holds_a_changed_key_to_the_first() -> None:
    client = Client(PIN)
    client.send({}, {"prompt_cache_key": "k1", "input": conversation("a")})
    exchange = client.send({}, {"prompt_cache_key": "k2", "input": conversation("a", "b", "c")})

    assert exchange.edits.put == {"prompt_cache_key": "k1"}
    assert headers_of(exchange.edits)["session-id"] == "k1"


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_observe_changes_no_header_and_no_byte_of_a_body(transport: Transport) -> None:
    headers = {"x-session-id": "s"}
    exchange = Client(OBSERVE).send(headers, {"stream_options": {}, "input": "a"}, transport=transport)
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
    cache_key = Client(OBSERVE).send(headers, body).cache_key

    assert (cache_key.key, cache_key.source, cache_key.inherited) == (key, source, False)


@pytest.mark.parametrize(("mode", "completed"), [("fill", True), ("pin", True), ("observe", False)])
def test_a_handshake_is_completed_unless_the_addon_only_observes(mode: Mode, completed: bool) -> None:
    edits = Continuity().open_socket(client_headers({"session_id": "s"}), replace(FILL, mode=mode))

    assert ("session-id" in headers_of(edits), edits.changed == ("session-id",)) == (completed, completed)


# What the backend refuses.


def test_a_member_that_the_client_sent_is_kept_and_it_is_said_once_what_to_set() -> None:
    client = Client()

    assert "set codex_strip=stream_options,user" in client.send_refused("user", user="u")
    assert client.send_refused("user", user="u") == ""
    assert client.dropped(user="u") == frozenset()


@pytest.mark.parametrize("mode", ["fill", "pin"])
def test_a_member_named_in_codex_learn_is_left_out_of_later_turns(mode: Mode) -> None:
    client = Client(learning("user", mode=mode))

    assert client.dropped(user="u") == frozenset()
    assert "As codex_learn asks" in client.send_refused("user", user="u")
    assert client.dropped(user="u") == {"user"}


@pytest.mark.parametrize(
    ("host", "model", "drop"),
    [("chatgpt.com", "m", {"user"}), ("gov.chatgpt.com", "m", set()), ("chatgpt.com", "m2", set())],
)
def test_it_is_left_out_for_that_host_and_model(host: str, model: str, drop: set[str]) -> None:
    client = Client(learning("user"))
    client.send_refused("user", user="u", model="m")

    assert client.send({}, {"user": "u", "model": model}, host=host).edits.drop == drop


def test_a_member_is_no_longer_left_out_once_codex_learn_does_not_name_it() -> None:
    client = Client(learning("user"))
    client.send_refused("user", user="u")
    client.settings = FILL

    assert client.dropped(user="u") == frozenset()


def test_observe_learns_nothing_but_says_what_to_set() -> None:
    client = Client(learning("user", mode="observe"))
    said = client.send_refused("user", user="u")
    client.settings = learning("user")

    assert said
    assert client.dropped(user="u") == frozenset()


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
    client = Client(learning("user", "seed"))
    exchange = client.send({}, {"user": "u", "stream_options": {}})
    exchange.response_info.status, exchange.response_info.error = status, error

    assert client.continuity.finish(exchange, client.settings) is None
    assert client.dropped(user="u", seed=7) == frozenset()


@pytest.mark.parametrize("param", ["user.x", "user[0]", "input[13].namespace", "previous_response_id"])
def test_what_no_option_removes_is_said_once_and_never_learned(param: str) -> None:
    """A path names a member inside one that could be learned; the other one is a delta's."""
    client = Client(learning("user"))
    body: dict[str, Json] = {"user": [{"x": 1}], "previous_response_id": "resp_1", "input": [{}]}
    said = [client.refuse(client.send({}, body), param) for _ in range(2)]

    assert said[0] is not None
    assert f"refused '{param}'" in said[0]
    assert "set codex_" not in said[0]
    assert said[1] is None
    assert client.send({}, body).edits.drop == frozenset()


@pytest.mark.parametrize("status", [None, 200, 400])
def test_a_refusal_may_come_as_a_status_or_as_an_event(status: int | None) -> None:
    client = Client()

    assert client.refuse(client.send({}, {"user": "u"}), "user", status) is not None


def test_a_key_that_the_addon_added_is_not_added_again_there() -> None:
    client = Client()
    said = [client.refuse(client.send({"session_id": "s"}, endpoint="compact"), "prompt_cache_key") for _ in range(2)]
    compact, responses = (client.send({"session_id": "s"}, endpoint=name) for name in ("compact", "responses"))

    assert "is not added there again" in (said[0] or "")
    assert said[1] is None
    assert (compact.edits.put, responses.edits.put) == ({}, {"prompt_cache_key": "s"})
    assert headers_of(compact.edits)["session-id"] == "s"


def test_the_clients_own_key_is_still_written_where_an_added_one_was_refused() -> None:
    client = Client()
    client.send_refused("prompt_cache_key", {"session_id": "s"})

    assert client.send({}, {"prompt_cache_key": " k "}).edits.put == {"prompt_cache_key": "k"}


@pytest.mark.parametrize("key", ["k", " k "])
def test_a_refused_key_that_the_client_sent_is_kept(key: str) -> None:
    client = Client()

    assert "It was kept" in client.send_refused("prompt_cache_key", prompt_cache_key=key)
    assert client.send({"session_id": "s"}).edits.put == {"prompt_cache_key": "s"}


@pytest.mark.parametrize(
    ("body", "member", "origin"),
    [
        pytest.param({"user": "u"}, "user", "client", id="sent"),
        pytest.param({}, "user", "neither", id="not sent"),
        pytest.param({"stream_options": {}}, "stream_options", "neither", id="removed"),
        pytest.param({}, "prompt_cache_key", "addon", id="added"),
        pytest.param({"prompt_cache_key": None}, "prompt_cache_key", "addon", id="in the place of a null"),
        pytest.param({"prompt_cache_key": " k "}, "prompt_cache_key", "client", id="trimmed"),
    ],
)
def test_who_had_put_a_refused_member_there_is_known(body: dict[str, Json], member: str, origin: str) -> None:
    exchange = Client().send({"session_id": "s"}, body)
    exchange.response_info.error = {"error": {"code": "unknown_parameter", "param": member}}

    assert exchange.refusal == (member, origin)


def test_what_the_user_put_in_or_took_out_counts_for_the_client() -> None:
    exchange = Client().send({"session_id": "s"}, {"user": "u"})
    exchange.response_info.error = {"detail": "Unsupported parameter: user"}
    exchange.edited_turn = turn({}, {})

    assert exchange.refusal == ("user", "neither")
    exchange.edited_turn = turn({}, {"user": "v"})
    assert exchange.refusal == ("user", "client")


@pytest.mark.parametrize(
    ("headers", "body", "changed"),
    [
        pytest.param({}, {}, ("stream_options",), id="nothing of it left"),
        pytest.param({"session-id": "s"}, {}, ("session-id", "stream_options"), id="a header left"),
        pytest.param({}, {"prompt_cache_key": "s"}, ("prompt_cache_key", "stream_options"), id="the key left"),
        pytest.param({"session-id": "t"}, {"prompt_cache_key": "t"}, ("stream_options",), id="others in their place"),
        pytest.param({}, {"stream_options": {}}, (), id="what was removed is back"),
    ],
)
def test_of_what_was_changed_counts_what_left_so(
    headers: Headers, body: dict[str, Json], changed: tuple[str, ...]
) -> None:
    exchange = Client().send({"x-session-id": "s"}, {"stream_options": {}})
    exchange.edited_turn = turn(headers, body)

    assert exchange.changed == changed


def test_a_digest_that_was_removed_counts_until_another_is_there() -> None:
    exchange = Client().send({"session_id": "s", "digest": "old"}, {})
    exchange.edited_turn = turn({}, {"prompt_cache_key": "s"})
    assert "digest" in exchange.changed

    exchange.edited_turn = turn({"digest": "new"}, {"prompt_cache_key": "s"})
    assert "digest" not in exchange.changed


def test_a_key_that_another_addon_put_in_the_place_of_the_added_one_is_the_clients() -> None:
    exchange = Client().send({"session_id": "s"}, {})
    exchange.response_info.error = {"detail": "Unsupported parameter: prompt_cache_key"}
    exchange.edited_turn = turn({}, {"prompt_cache_key": "other"})

    assert exchange.refusal == ("prompt_cache_key", "client")


def test_nothing_that_a_turn_is_refused_for_can_be_found_in_a_body_that_was_not_read() -> None:
    sent = read_turn(client_headers(), {}, transport="http", host="h", endpoint="responses", unread="it is not JSON")
    exchange = unchanged_exchange(sent, "fill")
    exchange.response_info.error = {"detail": "Unsupported parameter: user"}
    assert exchange.refusal is None

    exchange.edited_turn = turn({}, {"user": "u"})
    assert exchange.refusal == ("user", "client")


def test_a_turn_ends_once() -> None:
    client = Client()
    exchange = client.send({}, {"user": "u"})
    client.answer(exchange, "r1")

    assert client.refuse(exchange, "user") is None


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param({"prompt_cache_key": "k"}, "k", id="as it came"),
        pytest.param({"prompt_cache_key": 7}, 7, id="what is no string"),
        pytest.param({"prompt_cache_key": " k "}, "k", id="trimmed"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_key_that_was_forwarded_is_the_bodys(body: dict[str, Json], key: Json) -> None:
    exchange = Client().send({}, body)

    assert exchange.forwarded_key == key
    assert exchange.forwarded == exchange.edits.fields
