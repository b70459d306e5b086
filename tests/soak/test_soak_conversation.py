"""What a client sends of a conversation, and what the backend answers."""

from typing import Any

import orjson
import pytest
from codex_soak.answers import answer, frames
from codex_soak.client import Reply
from codex_soak.conversation import Conversation

ANSWERED = [{"type": "message", "role": "assistant", "content": []}]


def sent(text: bytes) -> dict[str, Any]:
    """Return what a body or a frame says."""
    document: dict[str, Any] = orjson.loads(text)
    return document


def after_turns(*, turns: int = 1) -> Conversation:
    """Return a conversation in which so many turns were answered."""
    conversation = Conversation(1, key="key")
    for turn in range(turns):
        conversation.answered(f"resp_{turn}", ANSWERED)
    return conversation


def test_a_turn_repeats_the_turn_before_it_and_its_answer() -> None:
    conversation = Conversation(1)
    first = sent(conversation.body())["input"]
    conversation.answered("resp_1", ANSWERED)
    second = sent(conversation.body())["input"]

    assert second[: len(first) + 1] == [*first, *ANSWERED]
    assert len(second) == len(first) + 2


def test_a_frame_has_only_what_is_new_since_the_response_that_it_names() -> None:
    whole, delta = sent(Conversation(1).frame("answered")), sent(after_turns().frame("left"))

    assert ("previous_response_id" in whole, len(whole["input"])) == (False, 1)
    assert (delta["previous_response_id"], len(delta["input"])) == ("resp_0", 1)
    assert (delta["type"], delta["client_metadata"]) == ("response.create", {"soak": "left"})


def test_over_a_new_connection_a_frame_has_everything() -> None:
    conversation = after_turns()
    conversation.reconnected()
    frame = sent(conversation.frame("answered"))

    assert ("previous_response_id" in frame, len(frame["input"])) == (False, len(sent(conversation.body())["input"]))


def test_a_branch_goes_back_to_an_earlier_answer_and_continues_differently() -> None:
    conversation = after_turns(turns=4)
    before = sent(conversation.body())["input"]
    conversation.branch()
    after = sent(conversation.body())["input"]

    assert after[:-1] == before[: len(after) - 1]
    assert after[-1] not in before
    assert "previous_response_id" not in sent(conversation.frame("answered"))


def test_a_compaction_replaces_the_history() -> None:
    conversation = after_turns(turns=3)
    last = sent(conversation.body())["input"][-1]
    conversation.compacted([{"type": "compaction"}])

    assert sent(conversation.body())["input"] == [{"type": "compaction"}, last]


def test_a_compaction_posts_no_more_than_its_schema_has() -> None:
    assert sorted(sent(Conversation(1, key="key").compaction())) == ["input", "instructions", "model", "tools"]


@pytest.mark.parametrize(("key", "expected"), [("key", "key"), (None, None)])
def test_only_a_client_with_a_key_sends_one(key: str | None, expected: str | None) -> None:
    assert sent(Conversation(1, key=key).body()).get("prompt_cache_key") == expected


def test_a_sub_agent_has_other_instructions_and_tools() -> None:
    main, other = sent(Conversation(1).body()), sent(Conversation(1, 2).body())

    assert main["instructions"] != other["instructions"]
    assert len(main["tools"]) > len(other["tools"])


def read(pieces: tuple[bytes, ...], status: int = 200) -> Reply:
    """Return what a client reads from an answer."""
    reply = Reply(status)
    reply.read_body(b"".join(pieces))
    return reply


def test_a_client_reads_the_answer_to_its_turn() -> None:
    reply = read(answer(7, "answered").pieces)

    assert (reply.finished, reply.response_id, [item["type"] for item in reply.outputs]) == (
        True,
        f"resp_{'00000007' * 4}",
        ["message"],
    )


def test_frames_have_the_same_as_the_event_stream() -> None:
    reply = Reply(200)
    for frame in frames(7, "answered"):
        reply.read_event(frame)

    assert reply == read(answer(7, "answered").pieces)


def test_an_answer_that_is_left_does_not_end() -> None:
    left = answer(7, "left")

    assert (left.ends, read(left.pieces).finished, answer(7, "answered").ends) == (False, False, True)


@pytest.mark.parametrize("fate", ["429", "500"])
def test_a_refusal_comes_with_its_status_over_both(fate: str) -> None:
    reply = Reply(200)
    reply.read_event(frames(1, fate)[0])

    assert (answer(1, fate).status, reply.status, reply.finished) == (int(fate), int(fate), True)


def test_a_compaction_is_one_item() -> None:
    reply = read(answer(3, "answered", compact=True).pieces)

    assert [item["type"] for item in reply.outputs] == ["compaction"]
