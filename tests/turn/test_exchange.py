"""One turn's way: what is written to it, what is remembered, and what is learned from the response."""

from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.options import Settings, default_settings
from codexcache.turn.exchange import Continuity, Exchange, unchanged_exchange
from codexcache.turn.request import read_turn
from support.turns import Headers, client_headers, conversation, headers_of, turn

FILL = default_settings()
OBSERVE = replace(FILL, mode="observe")


LEARNING = replace(FILL, learn=frozenset({"user", "seed"}))


class Client:
    """Sends turns one after the other and has each answered."""

    def __init__(self, settings: Settings = FILL) -> None:
        self.settings, self.continuity = settings, Continuity()

    def send(self, headers: Headers | None = None, body: Object | None = None, **way: Any) -> Exchange:
        """Send a turn; its transport, endpoint and host can be given."""
        return self.continuity.begin(turn(headers, body, **way), self.settings)

    def refuse(self, exchange: Exchange, member: str, status: int | None = 400) -> str | None:
        """Have the backend refuse a member, and return what is said to the user."""
        exchange.response_info.status = status
        exchange.response_info.error = {"detail": f"Unsupported parameter: {member}"}
        return self.continuity.finish(exchange, self.settings)


def test_conversations_stick_across_endpoints() -> None:
    client = Client()
    first = client.send({"session_id": "s1"}, {"input": conversation("a")})
    first.response_info.outputs = conversation("a", "b")[1:]
    client.continuity.finish(first, client.settings)
    compact = client.send({"session_id": "s2"}, {"input": conversation("a", "b")}, endpoint="compact")

    assert (compact.cache_key.key, compact.cache_key.inherited) == ("s1", True)


@pytest.mark.parametrize(
    ("headers", "body", "key", "source"),
    [
        pytest.param({"session_id": "s"}, {"prompt_cache_key": "k"}, "k", "prompt_cache_key", id="a key"),
        pytest.param({"session_id": "s"}, {}, "s", "session", id="a session"),
        pytest.param({"idempotency-key": "i"}, {"input": "a"}, None, "none", id="nothing derived"),
    ],
)
def test_observe_says_what_was_sent(headers: Headers, body: Object, key: str | None, source: str) -> None:
    cache_key = Client(OBSERVE).send(headers, body).cache_key

    assert (cache_key.key, cache_key.source, cache_key.inherited) == (key, source, False)


# What the backend refuses.


@pytest.mark.parametrize(
    ("host", "model", "drop"),
    [("chatgpt.com", "m", {"user"}), ("gov.chatgpt.com", "m", set()), ("chatgpt.com", "m2", set())],
)
def test_it_is_left_out_for_that_host_and_model(host: str, model: str, drop: set[str]) -> None:
    client = Client(LEARNING)
    client.refuse(client.send({}, {"user": "u", "model": "m"}), "user")

    assert client.send({}, {"user": "u", "model": model}, host=host).edits.drop == drop


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
    client = Client(LEARNING)
    exchange = client.send({}, {"user": "u", "stream_options": {}})
    exchange.response_info.status, exchange.response_info.error = status, error

    assert client.continuity.finish(exchange, client.settings) is None
    assert client.send({}, {"user": "u", "seed": 7}).edits.drop == frozenset()


@pytest.mark.parametrize("status", [None, 200, 400])
def test_a_refusal_may_come_as_a_status_or_as_an_event(status: int | None) -> None:
    client = Client()

    assert client.refuse(client.send({}, {"user": "u"}), "user", status) is not None


def test_a_key_that_the_addon_added_is_not_added_again_there() -> None:
    client, added = Client(), {"prompt_cache_key": "s"}
    said = [client.refuse(client.send({"session_id": "s"}, endpoint="compact"), "prompt_cache_key") for _ in range(2)]
    ways: list[dict[str, Any]] = [{"endpoint": "compact", "host": "h"}, {"endpoint": "compact", "model": "m"}, {}]
    compact = client.send({"session_id": "s"}, endpoint="compact")

    assert "is not added there again" in (said[0] or "")
    assert said[1] is None
    assert (compact.edits.put, headers_of(compact.edits)["session-id"]) == ({}, "s")
    assert [client.send({"session_id": "s"}, **way).edits.put for way in ways] == [added] * 3


NOT_EDITED = None


@pytest.mark.parametrize(
    ("body", "left", "member", "origin"),
    [
        pytest.param({"user": "u"}, NOT_EDITED, "user", "client", id="sent"),
        pytest.param({}, NOT_EDITED, "user", "neither", id="not sent"),
        pytest.param({"stream_options": {}}, NOT_EDITED, "stream_options", "neither", id="removed"),
        pytest.param({}, NOT_EDITED, "prompt_cache_key", "addon", id="added"),
        pytest.param({"prompt_cache_key": None}, NOT_EDITED, "prompt_cache_key", "addon", id="in the place of a null"),
        pytest.param({"prompt_cache_key": " k "}, NOT_EDITED, "prompt_cache_key", "client", id="trimmed"),
        pytest.param({"user": "u"}, {}, "user", "neither", id="taken out by the user"),
        pytest.param({"user": "u"}, {"user": "v"}, "user", "client", id="put in by the user"),
        pytest.param({}, {"prompt_cache_key": "o"}, "prompt_cache_key", "client", id="put in another's place"),
    ],
)
def test_who_put_a_refused_member_there_is_known(body: Object, left: Object | None, member: str, origin: str) -> None:
    """What the user or another addon put in or took out counts for the client."""
    exchange = Client().send({"session_id": "s"}, body)
    exchange.response_info.error = {"error": {"code": "unknown_parameter", "param": member}}
    exchange.edited_turn = None if left is None else turn({}, left)

    assert exchange.refusal == (member, origin)


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
def test_of_what_was_changed_counts_what_left_so(headers: Headers, body: Object, changed: tuple[str, ...]) -> None:
    exchange = Client().send({"x-session-id": "s"}, {"stream_options": {}})
    exchange.edited_turn = turn(headers, body)

    assert exchange.changed == changed


def test_a_digest_that_was_removed_counts_until_another_is_there() -> None:
    exchange = Client().send({"session_id": "s", "digest": "old"}, {})
    exchange.edited_turn = turn({}, {"prompt_cache_key": "s"})
    assert "digest" in exchange.changed

    exchange.edited_turn = turn({"digest": "new"}, {"prompt_cache_key": "s"})
    assert "digest" not in exchange.changed


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

    assert [client.refuse(exchange, member) is None for member in ("user", "user")] == [False, True]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param({"prompt_cache_key": "k"}, "k", id="as it came"),
        pytest.param({"prompt_cache_key": 7}, 7, id="what is no string"),
        pytest.param({"prompt_cache_key": " k "}, "k", id="trimmed"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_key_that_was_forwarded_is_the_bodys(body: Object, key: Json) -> None:
    exchange = Client().send({}, body)

    assert exchange.forwarded_key == key
    assert exchange.forwarded == exchange.edits.fields
