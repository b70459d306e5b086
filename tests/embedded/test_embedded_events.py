"""The events of a response, in their order."""

import orjson
import pytest
from embedded_backend import answers, events

RESPONSE = {"id": "resp_1", "status": "completed", "output": [], "usage": {"input_tokens": 1}}
CALL = {"type": "function_call", "id": "fc_1", "name": "shell", "arguments": "{}", "call_id": "call_1"}


def names(item: answers.Item | None, ending: str = "completed") -> list[str]:
    return [str(event["type"]).removeprefix("response.") for event in events.events(RESPONSE, item, ending)]


def test_a_message_comes_in_pieces() -> None:
    message = answers.answer({}, [], b"", 2)
    text = ["content_part.added", *["output_text.delta"] * 2, "output_text.done", "content_part.done"]

    assert names(message) == ["created", "in_progress", "output_item.added", *text, "output_item.done", "completed"]


def test_a_call_comes_with_its_arguments() -> None:
    pieces = ["function_call_arguments.delta", "function_call_arguments.done"]

    assert names(CALL)[2:-1] == ["output_item.added", *pieces, "output_item.done"]


def test_an_added_item_is_empty_and_a_done_one_is_whole() -> None:
    added, done = [event["item"] for event in events.events(RESPONSE, CALL, "completed") if "item" in event]

    assert (added["arguments"], added["status"]) == ("", "in_progress")
    assert done == CALL


def test_a_compaction_comes_whole() -> None:
    assert names(answers.compaction("digest"))[2:-1] == ["output_item.added", "output_item.done"]


def test_a_warm_up_has_no_item() -> None:
    assert names(None) == ["created", "in_progress", "completed"]


@pytest.mark.parametrize("ending", ["completed", "failed", "incomplete"])
def test_the_last_event_alone_has_the_counters(ending: str) -> None:
    first, *_, last = events.events(RESPONSE, None, ending)

    assert (f"response.{ending}", ending) == (last["type"], last["response"]["status"])
    assert [first["response"]["usage"], last["response"]["usage"]] == [None, {"input_tokens": 1}]


def test_events_are_numbered() -> None:
    assert [event["sequence_number"] for event in events.events(RESPONSE, None, "completed")] == [0, 1, 2]


def test_on_the_stream_an_event_has_its_name_and_its_data() -> None:
    event = {"type": "response.created", "response": {}}

    assert b"event: response.created\ndata: " + orjson.dumps(event) + b"\n\n" == events.as_stream(event)
