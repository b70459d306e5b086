"""The turns that the suite sends."""

import orjson
from codex_faults.requests import cached_tokens, complete, large, ordinary


def test_a_complete_turn_has_all_that_the_addon_could_add() -> None:
    turn = complete("key")

    assert orjson.loads(turn.body)["prompt_cache_key"] == "key"
    assert ("session-id", "key") in turn.fields
    assert orjson.loads(turn.frame) == {"type": "response.create"} | orjson.loads(turn.body)


def test_an_ordinary_turn_over_http_has_no_session() -> None:
    over_http, over_socket = (ordinary("key", socket=socket) for socket in (False, True))

    assert ("session-id", "key") not in over_http.fields
    assert ("session-id", "key") in over_socket.fields
    assert over_http.body == over_socket.body


def test_no_two_keys_have_a_prompt_in_common() -> None:
    for make in (complete, large):
        one, other = (orjson.loads(make(key).body)["input"] for key in ("a", "b"))

        assert one != other


def test_a_large_answer_is_asked_for_by_a_large_command() -> None:
    assert len(large("key").body) > 1_000_000


def test_cached_tokens_are_the_last_ones_that_were_told() -> None:
    assert cached_tokens(b'{"cached_tokens":1}, {"cached_tokens":2048,"x":0}') == 2048
    assert cached_tokens(b'{"cached_tokens":1}, {"cached_tokens":128}') == 128
    assert cached_tokens(b"event: error") == 0
