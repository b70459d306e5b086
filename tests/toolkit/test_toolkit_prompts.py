"""The toolkit's prompts."""

from toolkit import prompts


def test_instructions_are_the_same_in_every_turn_and_several_thousand_tokens() -> None:
    assert prompts.body([])["instructions"] == prompts.body([prompts.question(1)])["instructions"]
    assert 4000 < len(prompts.instructions()) // 4 < 8000


def test_questions_differ() -> None:
    assert len({prompts.question(turn)["content"] for turn in range(1, 9)}) == 8


def test_a_turn_has_no_key() -> None:
    assert set(prompts.body([])) == {"model", "instructions", "input", "store", "stream"}
