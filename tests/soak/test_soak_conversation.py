"""What a client sends of a conversation, and what the backend answers."""

from typing import Any

import orjson
import pytest
from codex_soak.backend import answer, frames
from codex_soak.client import read_body, read_reply
from codex_soak.scenario import Conversation

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


def test_a_frame_has_only_what_is_new_since_the_response_that_it_names_over_a_new_connection_everything() -> None:
    conversation = after_turns()
    whole, delta = sent(Conversation(1).frame("answered")), sent(conversation.frame("left"))
    conversation.reconnected()
    again = sent(conversation.frame("answered"))

    assert ("previous_response_id" in again, len(again["input"])) == (False, len(sent(conversation.body())["input"]))
    assert ("previous_response_id" in whole, len(whole["input"])) == (False, 1)
    assert (delta["previous_response_id"], len(delta["input"])) == ("resp_0", 1)
    assert (delta["type"], delta["client_metadata"]) == ("response.create", {"soak": "left"})


def test_a_branch_goes_back_to_an_earlier_answer_and_continues_differently() -> None:
    conversation = after_turns(turns=4)
    before = sent(conversation.body())["input"]
    conversation.branch()
    after = sent(conversation.body())["input"]

    assert after[:-1] == before[: len(after) - 1]
    assert after[-1] not in before
    assert "previous_response_id" not in sent(conversation.frame("answered"))


def test_a_compaction_posts_what_its_schema_has_and_replaces_the_history() -> None:
    conversation = after_turns(turns=3)
    last = sent(conversation.body())["input"][-1]
    posted = sent(conversation.compaction())
    conversation.compacted([{"type": "compaction"}])

    assert posted.keys() == {"input", "instructions", "model", "tools"}
    assert sent(conversation.body())["input"] == [{"type": "compaction"}, last]


def test_only_a_client_with_a_key_sends_one_and_a_sub_agent_has_other_instructions_and_tools() -> None:
    main, keyed, agent = (sent(each.body()) for each in (Conversation(1), Conversation(1, key="k"), Conversation(1, 2)))

    assert (main.get("prompt_cache_key"), keyed["prompt_cache_key"]) == (None, "k")
    assert main["instructions"] != agent["instructions"]
    assert len(main["tools"]) > len(agent["tools"])


@pytest.mark.parametrize(
    ("fate", "status", "items"), [("answered", 200, ["message"]), ("left", 200, []), ("429", 429, []), ("500", 500, [])]
)
def test_a_client_reads_the_same_answer_over_http_and_a_websocket(fate: str, status: int, items: list[str]) -> None:
    """One that is left does not end."""
    answered = answer(7, fate)
    reply = read_body(b"".join(answered.pieces), answered.status)

    assert read_reply([sent(frame) for frame in frames(7, fate)]) == reply
    assert (reply.status, [item["type"] for item in reply.outputs]) == (status, items)
    assert (reply.response_id == f"resp_{7:032x}", answered.ends) == (fate == "answered", fate != "left")


def test_a_compaction_is_one_item() -> None:
    answered = answer(3, "answered", compact=True)

    assert [item["type"] for item in read_body(b"".join(answered.pieces), 200).outputs] == ["compaction"]
