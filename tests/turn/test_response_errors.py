"""The shapes in which the backend says what went wrong."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.turn.response import errors_in, name_of


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        pytest.param({"error": {"code": "rate_limit_exceeded", "type": "x"}}, "rate_limit_exceeded", id="the code"),
        pytest.param({"error": {"code": None, "type": "server_error"}}, "server_error", id="else the type"),
        pytest.param({"type": "error", "code": "context_length_exceeded"}, "context_length_exceeded", id="of an event"),
        pytest.param({"type": "error", "error": None, "status": 429}, "no reason given", id="an event's kind is none"),
        pytest.param({"error": {"code": "\x1b[31m", "type": "Some words"}}, "no reason given", id="no free text"),
        pytest.param({"error": {"code": "a" * 62}}, "no reason given", id="nothing long"),
        pytest.param({"detail": "Store must be set to false"}, "the response says why", id="the front gateway's words"),
        pytest.param({"error": {"message": "some words"}}, "the response says why", id="the inner API's words"),
        pytest.param({}, "no reason given", id="nothing"),
    ],
)
def test_an_error_is_called_as_the_backend_calls_it(payload: Object, name: str) -> None:
    assert name_of(payload) == name


def test_the_innermost_error_comes_first() -> None:
    inner: Object = {"code": "a"}
    payload: Object = {"type": "error", "error": inner}

    assert errors_in(payload) == [inner, payload]
    assert errors_in({"error": "words"}) == [{"error": "words"}]
