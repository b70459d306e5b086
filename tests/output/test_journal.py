"""What is kept of a turn: its entry in the journal and its summary on the flow, and nothing of what was said in it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Diagnosis, Verdict
from codexcache.output.journal import Entries, Pseudonyms, line_of
from codexcache.output.turn_summary import turn_summary
from codexcache.turn.repaired import Part, RepairedTurn
from support.diagnoses import USER, Harness
from support.turns import conversation

ITEMS = conversation("a", "b", "c", "d", "e")
PRINTS = Pseudonyms(b"0" * 32)
ENTRIES = Entries(PRINTS, "run-1")


def entries(harness: Harness) -> list[Object]:
    return [ENTRIES.entry(diagnosis) for diagnosis in harness.diagnoses]


ENTRY = {
    "time": "",
    "run": "",
    "turn": 2,
    "mode": "fill",
    "conversation": "",
    "endpoint": "responses",
    "transport": "http",
    "client": "agent/1.0",
    "model": "m",
    "status": 200,
    "key": "",
    "key_source": "session",
    "continued": True,
    "echoed_key": "same",
    "changed": ["session_id", "prompt_cache_key"],
    "ttfb_ms": 250,
    "duration_ms": 5000,
    "gen_ai.usage.input_tokens": 12_000,
    "gen_ai.usage.cache_read.input_tokens": 9_984,
    "gen_ai.usage.output_tokens": 7,
    "reusable_tokens": 10_000,
    "resent_tokens": 0,
    "predecessor": 1,
    "changes": [],
    "verdict": "hit",
    "because": "",
}


def test_an_entry_says_what_happened_in_members_of_one_order() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1])
    sent = harness.send(input=ITEMS)
    sent.first_byte_at, sent.response_info.echoed_key = harness.at + 0.25, "s1"
    harness.end(sent, 12_000, 9_984)
    first, second = entries(harness)

    assert first.pop("first_words_length") == 1
    assert list(first) == list(second) == list(ENTRY)
    assert second | {"time": "", "run": "", "conversation": "", "key": "", "because": ""} == ENTRY
    assert all(first[name] == second[name] for name in ("run", "conversation", "key"))


@pytest.mark.parametrize(
    ("usage", "absent"),
    [
        ({}, {"input_tokens", "cache_read.input_tokens", "output_tokens"}),
        ({"input_tokens": 5}, {"cache_read.input_tokens", "output_tokens"}),
        ({"input_tokens": 5, "input_tokens_details": {"cached_tokens": 0}}, {"output_tokens"}),
    ],
)
def test_an_absent_counter_is_absent(usage: Object, absent: set[str]) -> None:
    harness = Harness()
    harness.end(harness.send(input=ITEMS), usage=usage)

    assert set(ENTRY) - set(entries(harness)[0]) == {f"gen_ai.usage.{name}" for name in absent}


ALL_MEMBERS = (
    *("time", "run", "turn", "mode", "conversation", "first_words_length", "endpoint", "transport", "warm_up"),
    *("client", "model"),
    *("served_model", "served_service_tier", "status", "key", "key_source", "continued", "echoed_key", "changed"),
    *("repaired", "saved_tokens", "preventing", "ttfb_ms", "duration_ms", "ended"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.output_tokens"),
    *("reusable_tokens", "resent_tokens", "blame", "predecessor", "predecessor_run", "changes", "edit", "volatile"),
    *("verdict", "because"),
)


def with_all() -> Diagnosis:
    """Return what was found of a turn of which there is something to say by every member."""
    harness = Harness()
    sent = harness.send(input=ITEMS, generate=False)
    info = sent.response_info
    info.served_model, info.served_service_tier, info.ended = "m-2\x1b", "flex", "closed 1008"
    sent.repair = RepairedTurn(enabled=frozenset(), forwarded=sent.turn, parts=(Part("spelling", "tools"),), saved=640)
    sent.edits = replace(sent.edits, changed=("tools",))
    diagnosis = harness.end(sent)
    sent.repair.saved = 640  # what the harness has no counters for
    found = Verdict(
        name="input_changed",
        because="",
        predecessor_run="run-0",
        resent=512,
        blame="avoidable",
        edit="shortened",
        volatile=("date", "UUID"),
    )
    return replace(diagnosis, verdict=found, preventing=("tool_order",))


def test_what_a_turn_says_of_itself_has_a_member_of_its_own_where_it_says_something() -> None:
    entry = ENTRIES.entry(with_all())

    assert tuple(entry) == ALL_MEMBERS
    assert [entry[name] for name in ("warm_up", "served_model", "served_service_tier")] == [True, "m-2?", "flex"]
    assert [entry[name] for name in ("ended", "resent_tokens", "blame")] == ["closed 1008", 512, "avoidable"]
    assert (entry["repaired"], entry["saved_tokens"], entry["preventing"]) == (["spelling"], 640, ["tool_order"])
    assert (entry["edit"], entry["volatile"]) == ("shortened", ["date", "UUID"])


def test_the_documentation_lists_every_member_in_its_order() -> None:
    text = (Path(__file__).parents[2] / "docs/debugging.md").read_text()
    table = text.partition("| member |")[2].partition("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:]]

    assert [name for cell in first_cells for name in re.findall("`([^`]+)`", cell)] == list(ALL_MEMBERS)


@pytest.mark.parametrize(("echo", "said"), [("s1", "same"), ("other", "replaced"), (None, "absent")])
def test_the_echo_is_compared_with_what_was_sent(echo: str | None, said: str) -> None:
    harness = Harness()
    sent = harness.send(input=ITEMS)
    sent.response_info.echoed_key = echo
    harness.end(sent)

    assert entries(harness)[0]["echoed_key"] == said


def test_conversations_and_starts_have_pseudonyms_of_their_own() -> None:
    harness = Harness()
    harness.turn(input=ITEMS)
    harness.turn(input=conversation("x"))
    other = Entries(Pseudonyms(b"0" * 32), "run-2").entry(harness.diagnoses[0])
    first, second = entries(harness)

    assert len({str(entry["conversation"]) for entry in (first, second, other)}) == 3
    assert first["run"] == second["run"] != other["run"]


def test_a_clients_words_are_cut_and_printable() -> None:
    harness = Harness()
    harness.turn(model="\x1b[31m" + "é" * 200, input=ITEMS)
    model = entries(harness)[0]["model"]

    assert isinstance(model, str)
    assert model.isascii()
    assert model.isprintable()
    assert len(model) == 80


def test_an_entry_is_one_line() -> None:
    assert line_of({"turn": 1, "because": "a\nb"}) == b'{"turn":1,"because":"a\\nb"}\n'


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (951_827_696.789, "2000-02-29T12:34:56.789Z"),
        (1_790_000_000.0625, "2026-09-21T14:13:20.062Z"),
        (1_790_000_000.0008, "2026-09-21T14:13:20.000Z"),
        (1_790_035_199.9999999, "2026-09-22T00:00:00.000Z"),
        (253_402_214_399.5, "9999-12-30T23:59:59.500Z"),
    ],
)
def test_times_are_rfc_3339_to_the_millisecond(seconds: float, written: str) -> None:
    harness = Harness()
    harness.turn(input=ITEMS).record.sent_at = seconds

    assert entries(harness)[0]["time"] == written


def test_a_pseudonym_is_twelve_hexadecimal_digits_for_each_value_kind_and_secret() -> None:
    shown = [str(PRINTS.of(*given)) for given in (("key", "a"), ("key", "b"), ("account", "a"))]
    shown.append(str(Pseudonyms(b"1" * 32).of("key", "a")))

    assert [len(each) for each in shown] == [12] * 4
    assert set("".join(shown)) <= set("0123456789abcdef")
    assert len(set(shown)) == 4
    assert PRINTS.of("key", "a") == shown[0]


def test_nothing_has_no_pseudonym_and_everything_else_has_one() -> None:
    assert PRINTS.of("key", None) is None
    assert PRINTS.of("key", "") != PRINTS.of("key", "\udcff") is not None


def test_several_ids_have_the_pseudonyms_that_each_has_by_itself() -> None:
    ids = {"key": ("key", "a"), "session": ("key", None), "account": ("account", "a")}

    assert PRINTS.of_all(ids) == {name: PRINTS.of(kind, value) for name, (kind, value) in ids.items()}


def test_a_kind_cannot_pass_for_part_of_a_value() -> None:
    assert PRINTS.of("a", "b\0c") != PRINTS.of("a\0b", "d")


def turn_summaries(harness: Harness) -> list[Object]:
    return [turn_summary(diagnosis, ENTRIES.entry(diagnosis), PRINTS) for diagnosis in harness.diagnoses]


def parts(shown: Object) -> list[tuple[str, str]]:
    """Return the names and states of the parts of the prompt."""
    signature: Any = shown["prompt_parts"]
    return [(name, state) for name, _, state in signature]


def two(first: dict[str, Json], second: dict[str, Json]) -> Object:
    """Return the summary of a turn behind another, whose answer stands in it."""
    harness = Harness()
    answered(harness, ITEMS[3], input=ITEMS[:3], **first)
    harness.turn(**{"input": ITEMS, **second})  # type: ignore[arg-type]
    return turn_summaries(harness)[1]


def answered(harness: Harness, answer: Json, **members: Any) -> None:
    """Have a turn that is answered with an item."""
    sent = harness.send(**members)
    sent.response_info.outputs = [answer]
    harness.end(sent)


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
        ("input[0] to input[4], 5 items", "new"),
    ]
    assert shown["predecessor_flow"] is None
    assert parts(two({}, {})) == [
        ("0 tools", "same"),
        ("instructions", "same"),
        ("input[0] to input[2], 3 items", "same"),
        ("input[3] to input[4], 2 items", "new"),
    ]


def test_the_head_of_the_prompt_can_be_the_break() -> None:
    assert parts(two({}, {"instructions": "j"}))[:2] == [("0 tools", "same"), ("instructions", "changed")]
    assert parts(two({}, {"tools": [{"name": "t"}]}))[:2] == [("1 tool", "changed"), ("instructions", "same")]


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
        *asked, answer = conversation(*["sesame-text"] * (2 * n + 2))
        answered(harness, answer, headers=headers, input=asked, **members)
        members |= {"instructions": f"{n} sesame", "tools": [{"name": "t", "x": "sesame-schema"}]}
    harness.turn(headers={**headers, "chatgpt-account-id": "sesame-other"}, input=conversation("x"), **members)
    written = json.dumps([turn_summaries(harness), entries(harness)])

    assert "sesame" not in written
    assert "tools_changed" in written
