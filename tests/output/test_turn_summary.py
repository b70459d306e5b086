"""A turn's summary: plain values, content-free, the break marked."""

import json
from typing import Any

from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.output.journal import Entries, Pseudonyms
from codexcache.output.turn_summary import turn_summary
from support.diagnoses import USER, Harness
from support.turns import conversation, user

ITEMS = conversation("a", "b", "c", "d", "e")
PRINTS = Pseudonyms(b"0" * 32)
ENTRIES = Entries(PRINTS, "run")


def turn_summaries(harness: Harness) -> list[Object]:
    return [turn_summary(diagnosis, ENTRIES.entry(diagnosis), PRINTS) for diagnosis in harness.diagnoses]


def parts(shown: Object) -> list[tuple[str, str]]:
    """Return the names and states of the parts of the prompt."""
    signature: Any = shown["prompt_parts"]
    return [(name, state) for name, _, state in signature]


def two(first: dict[str, Json], second: dict[str, Json]) -> Object:
    """Return the summary of a turn behind another."""
    harness = Harness()
    for members in ({"input": ITEMS[:3], **first}, {"input": ITEMS, **second}):
        harness.turn(**members)  # type: ignore[arg-type]
    return turn_summaries(harness)[1]


def one(**members: Any) -> tuple[Diagnosis, Object]:
    """Return the only finding of a turn, and its summary."""
    harness = Harness()
    harness.turn(**{"input": ITEMS, **members})
    return harness.diagnoses[0], turn_summaries(harness)[0]


def test_a_summary_is_the_entry_and_more() -> None:
    diagnosis, shown = one()
    entry = ENTRIES.entry(diagnosis)

    assert {name: shown[name] for name in entry} == entry
    assert json.loads(json.dumps(shown)) == shown


def test_the_first_turn_is_all_new_and_what_stands_again_in_the_next_is_the_same() -> None:
    _, shown = one(instructions="i", tools=[{"name": "t"}])

    assert parts(shown) == [
        ("1 tool", "new"),
        ("instructions", "new"),
        ("input[0] user message", "new"),
        ("4 more items", "new"),
    ]
    assert shown["predecessor_flow"] is None
    assert parts(two({}, {})) == [
        ("0 tools", "same"),
        ("instructions", "same"),
        ("input[0] to input[2]", "same"),
        ("input[3] assistant message", "new"),
        ("1 more item", "new"),
    ]


def test_an_edited_item_or_the_head_of_the_prompt_is_the_break() -> None:
    assert parts(two({}, {"input": [*ITEMS[:2], user("x"), *ITEMS[3:]]}))[2:] == [
        ("input[0] to input[1]", "same"),
        ("input[2] user message", "changed"),
        ("2 more items", "behind"),
    ]
    assert parts(two({}, {"instructions": "j"}))[:2] == [("0 tools", "same"), ("instructions", "changed")]
    assert parts(two({}, {"tools": [{"name": "t"}]}))[:2] == [("1 tool", "changed"), ("instructions", "behind")]


def test_the_sizes_are_those_of_the_prompt() -> None:
    diagnosis, shown = one(instructions="i" * 50)
    signature: Any = shown["prompt_parts"]

    assert sum(size for _, size, _ in signature) == diagnosis.record.prompt.size


def test_identity_is_shown_as_pseudonyms_with_what_became_of_it() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1], prompt_cache_key="k1")
    harness.turn(input=ITEMS, prompt_cache_key="k2")
    shown: list[Any] = turn_summaries(harness)
    first, second = (each["identity"] for each in shown)

    assert first["key"] == [PRINTS.of("key", "k1"), "new"]
    assert second["key"] == [PRINTS.of("key", "k2"), "changed"]
    assert second["session"] == second["key"]
    assert second["host"] == ["chatgpt.com", "same"]
    assert second["account"] == [None, "absent"]


def test_what_the_client_sent_is_shown_with_what_was_forwarded() -> None:
    (_, shown), key = one(), PRINTS.of("key", "s1")
    names = ("prompt_cache_key", "session-id", "session_id", "x-client-request-id")

    assert shown["client_sent"] == dict(zip(names, (None, key, None, None), strict=True))
    assert shown["forwarded"] == dict(zip(names, (key, key, key, None), strict=True))


def test_a_summary_leads_to_its_predecessor() -> None:
    shown = two({}, {"model": "n"})

    assert shown["predecessor_flow"] == "flow-1790000020"
    assert shown["predecessor_at"] == 1_790_000_020.0
    assert shown["differences"] == ["model_changed: the model went from m to n"]
    assert (shown["is_miss"], shown["resent_tokens"]) == (True, 10_000)


def test_nothing_that_is_secret_or_said_gets_into_an_entry_or_a_summary() -> None:
    headers = {**USER, "session-id": "sesame-1", "authorization": "Bearer sesame-2", "chatgpt-account-id": "sesame-3"}
    harness = Harness()
    members: dict[str, Any] = {"prompt_cache_key": "sesame-key", "instructions": "sesame", "tools": [{"name": "t"}]}
    for n in range(3):
        harness.turn(headers=headers, input=conversation(*["sesame-text"] * (2 * n + 1)), **members)
        members |= {"instructions": f"{n} sesame", "tools": [{"name": "t", "x": "sesame-schema"}]}
    harness.turn(headers={**headers, "chatgpt-account-id": "sesame-other"}, input=conversation("x"), **members)
    written = json.dumps([turn_summaries(harness), [ENTRIES.entry(diagnosis) for diagnosis in harness.diagnoses]])

    assert "sesame" not in written
    assert "tools_changed" in written
