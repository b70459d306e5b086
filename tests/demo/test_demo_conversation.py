"""The demo's conversation."""

from codex_demo import conversation


def test_instructions_are_the_same_in_every_turn_and_several_thousand_tokens() -> None:
    assert conversation.instructions() == conversation.instructions()
    assert 4000 < len(conversation.instructions()) // 4 < 8000


def test_questions_differ() -> None:
    questions = {conversation.question(turn)["content"] for turn in range(1, conversation.TURNS + 1)}

    assert len(questions) == conversation.TURNS


def test_a_turn_bears_no_key() -> None:
    assert set(conversation.body([])) == {"model", "instructions", "input", "store", "stream"}
