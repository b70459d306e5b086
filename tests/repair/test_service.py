"""What the backend says of a repaired turn, and whether that ends the repair."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.repair.service import _spoken_against
from codexcache.turn.repaired import Part
from codexcache.turn.response import ResponseInfo

PARTS = (Part("tool_order", "tools"), Part("spelling", "input[0].tools"), Part("volatile", "instructions"))


def against(status: int | None = 200, error: Object | None = None, reason: str = "") -> list[str]:
    """Return the paths that a response speaks against."""
    info = ResponseInfo(status=status, error=error, diagnostics={"type": "cache_miss", "reason": reason})
    return [part.path for part in _spoken_against(PARTS, info)]


@pytest.mark.parametrize(
    ("error", "paths"),
    [
        ({"error": {"message": "Invalid schema", "param": "tools[3].parameters"}}, ["tools"]),
        ({"error": {"message": "Invalid value", "param": "input[0].tools"}}, ["input[0].tools"]),
        ({"error": {"message": "Invalid value", "param": "temperature"}}, []),
        ({"detail": "Instructions are not valid: instructions"}, ["instructions"]),
        ({"detail": "Unsupported parameter: temperature"}, []),
        ({"detail": "Bad request"}, ["tools", "input[0].tools", "instructions"]),
        ({"error": {"code": "context_length_exceeded", "param": "input", "message": "Too long"}}, []),
        ({"error": {"code": "invalid_encrypted_content", "message": "It could not be verified"}}, []),
    ],
)
def test_a_refusal_ends_what_it_names_or_all_if_it_names_nothing(error: Object, paths: list[str]) -> None:
    assert against(400, error) == paths


def test_an_error_in_a_stream_ends_only_what_it_names() -> None:
    assert against(200, {"error": {"message": "Invalid schema", "param": "tools"}}) == ["tools"]
    assert against(200, {"error": {"code": "server_error", "message": "Try again"}}) == []


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refusal_of_who_sends_it_or_how_often_ends_nothing(status: int) -> None:
    assert against(status, {"detail": "No more tools for today"}) == []


def test_the_backends_own_reason_of_a_miss_ends_what_it_names() -> None:
    assert against(reason="tools_changed") == ["tools"]
    assert against(reason="model_changed") == []


def test_an_answer_ends_nothing() -> None:
    assert against() == []
