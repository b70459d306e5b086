"""The length of a conversation's first words: of what the user typed, not of what the client puts ahead of it."""

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.output.journal import Entries, Pseudonyms
from support.diagnoses import Harness

ENTRIES = Entries(Pseudonyms(b"0" * 32), "run-1")


def message(role: str, *texts: str) -> Object:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text} for text in texts]}


ENVIRONMENT = message("user", "<environment_context>" + "x" * 400)
TOOLS = {"type": "additional_tools", "tools": []}
ASKED, ANSWERED = message("user", "fix it"), message("assistant", "It is fixed.")


def lengths(*inputs: Json) -> list[Json]:
    """Return what the journal says of each turn, given their inputs."""
    harness = Harness()
    turns = [harness.end(harness.send(input=given)) for given in inputs]
    return [ENTRIES.entry(turn).get("first_words_length") for turn in turns]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("fix it", 6),
        ([ASKED], 6),
        ([message("user", "fix ", "it")], 6),
        ([message("developer", "Be brief."), TOOLS, ENVIRONMENT, ASKED], 6),
        ([ENVIRONMENT, ASKED, ANSWERED, message("user", "and now the rest")], 6),
        ([ASKED, {"type": "function_call", "call_id": "c"}, message("user", "a longer one")], 6),
        ([message("user", "\ud83d")], 1),
        ([], None),
        ([message("developer", "Be brief.")], None),
        ([{"role": "user", "content": 5}], None),
    ],
)
def test_they_are_the_last_message_of_the_user_before_the_models_first(given: Json, expected: int | None) -> None:
    assert lengths(given) == [expected]


def test_only_the_first_turn_that_is_known_of_a_conversation_has_them() -> None:
    assert lengths([ASKED], [ASKED, ANSWERED, message("user", "thanks")]) == [6, None]


def test_a_conversation_that_begins_like_another_has_its_own() -> None:
    assert lengths([ENVIRONMENT, ASKED], [ENVIRONMENT, message("user", "why?")]) == [6, 4]
