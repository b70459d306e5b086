"""What the backend answers."""

from typing import Any

from embedded_backend import answers

USER = {"role": "user", "content": "run: ls"}


def _answer(body: dict[str, Any], items: list[Any], deltas: int = 3) -> Any:
    return answers.answer(body, items, b"prompt", deltas)


def test_a_plain_turn_gets_a_message_of_so_many_pieces() -> None:
    message = _answer({}, [USER], deltas=5)

    assert len(answers.pieces(message)) == 5
    assert "".join(answers.pieces(message)) == message["content"][0]["text"]


def test_the_same_prompt_gets_the_same_answer() -> None:
    assert _answer({}, [USER]) == _answer({}, [USER])


def test_a_warm_up_gets_none() -> None:
    assert _answer({"generate": False}, [USER]) is None


def test_a_trigger_gets_a_compaction() -> None:
    assert _answer({}, [USER, {"type": "compaction_trigger"}])["type"] == "compaction"


def test_a_request_for_a_command_gets_a_tool_call_in_one_piece() -> None:
    call = _answer({"tools": [{"type": "function", "name": "shell_command"}]}, [USER])

    assert answers.pieces(call) == ['{"command":"ls"}']
