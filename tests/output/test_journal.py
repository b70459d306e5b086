"""The journal says what happened to a turn, and nothing of what was said in it."""

import json
from typing import Any

import pytest
from codexcache.body.json_splice import Object
from codexcache.output.journal import Entries, Pseudonyms, line_of
from support.diagnoses import USER, Harness
from support.turns import conversation

ITEMS = conversation("a", "b", "c")
ENTRIES = Entries(Pseudonyms(b"0" * 32), "run-1")


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


def test_nothing_that_is_secret_or_said_gets_into_an_entry() -> None:
    headers = {
        **USER,
        "session-id": "sesame-session",
        "authorization": "Bearer sesame-token",
        "chatgpt-account-id": "sesame-account",
    }
    harness = Harness()
    members: dict[str, Any] = {"prompt_cache_key": "sesame-key", "instructions": "sesame", "tools": [{"name": "t"}]}
    for n in range(3):
        harness.turn(headers=headers, input=conversation(*["sesame-text"] * (2 * n + 1)), **members)
        members |= {"instructions": f"{n} sesame", "tools": [{"name": "t", "x": "sesame-schema"}]}
    harness.turn(headers={**headers, "chatgpt-account-id": "sesame-other"}, input=conversation("x"), **members)
    written = json.dumps(entries(harness))

    assert "sesame" not in written
    assert "tools_changed" in written


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
