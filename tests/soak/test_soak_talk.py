"""What is said in a conversation, and what the backend answers."""

from typing import Any

import orjson
import pytest
from codex_soak.answers import answer, frames
from codex_soak.lines import Reply
from codex_soak.talk import Talk

ANSWERED = [{"type": "message", "role": "assistant", "content": []}]


def sent(text: bytes) -> dict[str, Any]:
    """Return what a body or a frame says."""
    document: dict[str, Any] = orjson.loads(text)
    return document


def answered_talk(*, turns: int = 1) -> Talk:
    """Return a conversation in which so many turns were answered."""
    talk = Talk(1, key="key")
    for turn in range(turns):
        talk.heard(f"resp_{turn}", ANSWERED)
    return talk


def test_a_turn_repeats_the_turn_before_it_and_its_answer() -> None:
    talk = Talk(1)
    first = sent(talk.body())["input"]
    talk.heard("resp_1", ANSWERED)
    second = sent(talk.body())["input"]

    assert second[: len(first) + 1] == [*first, *ANSWERED]
    assert len(second) == len(first) + 2


def test_a_frame_says_only_what_is_new_since_the_response_that_it_names() -> None:
    whole, delta = sent(Talk(1).frame("answered")), sent(answered_talk().frame("left"))

    assert ("previous_response_id" in whole, len(whole["input"])) == (False, 1)
    assert (delta["previous_response_id"], len(delta["input"])) == ("resp_0", 1)
    assert (delta["type"], delta["client_metadata"]) == ("response.create", {"soak": "left"})


def test_over_a_new_connection_a_frame_says_everything() -> None:
    talk = answered_talk()
    talk.connected_anew()
    frame = sent(talk.frame("answered"))

    assert ("previous_response_id" in frame, len(frame["input"])) == (False, talk.items)


def test_a_branch_goes_back_to_an_earlier_answer_and_says_something_else() -> None:
    talk = answered_talk(turns=4)
    before = sent(talk.body())["input"]
    talk.branch()
    after = sent(talk.body())["input"]

    assert after[:-1] == before[: len(after) - 1]
    assert after[-1] not in before
    assert "previous_response_id" not in sent(talk.frame("answered"))


def test_what_was_compacted_stands_for_what_was_said() -> None:
    talk = answered_talk(turns=3)
    last = sent(talk.body())["input"][-1]
    talk.compacted([{"type": "compaction"}])

    assert sent(talk.body())["input"] == [{"type": "compaction"}, last]


def test_a_compaction_posts_no_more_than_its_schema_has() -> None:
    assert sorted(sent(Talk(1, key="key").compaction())) == ["input", "instructions", "model", "tools"]


@pytest.mark.parametrize(("key", "expected"), [("key", "key"), (None, None)])
def test_only_a_client_with_a_key_sends_one(key: str | None, expected: str | None) -> None:
    assert sent(Talk(1, key=key).body()).get("prompt_cache_key") == expected


def test_a_sub_agent_has_other_instructions_and_tools() -> None:
    main, other = sent(Talk(1).body()), sent(Talk(1, 2).body())

    assert main["instructions"] != other["instructions"]
    assert len(main["tools"]) > len(other["tools"])


def read(pieces: tuple[bytes, ...], status: int = 200) -> Reply:
    """Return what a client reads from an answer."""
    reply = Reply(status)
    reply.read_body(b"".join(pieces))
    return reply


def test_a_client_reads_the_answer_to_its_turn() -> None:
    reply = read(answer(7, "answered").pieces)

    assert (reply.finished, reply.response_id, [item["id"] for item in reply.outputs]) == (
        True,
        f"resp_{'00000007' * 4}",
        ["msg_7"],
    )


def test_frames_say_the_same_as_the_event_stream() -> None:
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
