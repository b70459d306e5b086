"""Which of several changes is the cause: it has to agree with what was read, by measured boundaries."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.diagnosis import Verdict
from codexcache.diagnosis.learned import NO_LOAD, Load
from codexcache.turn.ledger import Boundary, Condition, Ledger
from codexcache.turn.record import ServerWord, Usage
from codexcache.verdicts import VERDICTS
from support.records import NINE, after, judged, match, predicted, record, route, two
from support.turns import conversation, user

COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}
LONG = conversation(*(str(n) for n in range(99)))
BUSY = Load(16, 0, False, 1)

CAUSES: dict[str, dict[str, Any]] = {
    "account_changed": {"via": {"account": "b"}},
    "model_changed": {"body": {"model": "n"}},
    "prompt_cache_key_changed": {"via": {"key": "l"}},
    "session_changed": {"via": {"session": "t"}},
    "service_tier_changed": {"body": {"service_tier": "flex"}},
    "session_missing": {"via": {"session": None, "socket": "2"}},
    "key_replaced": {"echoed_key": "x"},
    "tools_changed": {"body": {"tools": [{"name": "t", "x": 1}]}},
    "text_format_changed": {"body": {"text": {"format": {"type": "json_object"}}}},
    "reasoning_effort_changed": {"body": {"reasoning": {"effort": "low"}}},
    "verbosity_changed": {"body": {"text": {"verbosity": "low"}}},
    "parallel_tool_calls_changed": {"body": {"parallel_tool_calls": False}},
    "instructions_changed": {"body": {"instructions": "j"}},
    "context_compacted": {"items": [COMPACTION, user("x")]},
    "input_changed": {"items": [user("x"), *NINE[1:]]},
    "idle": {"gap": 1000.0},
    "transport_changed": {"via": {"socket": "2"}},
    "key_overloaded": {"load": BUSY},
}
"""What leads to each cause when nothing else does."""

EXCLUDING = {
    frozenset({"session_changed", "session_missing"}),
    frozenset({"session_missing", "transport_changed"}),
    frozenset({"context_compacted", "input_changed"}),
    frozenset({"text_format_changed", "verbosity_changed"}),
    frozenset({"service_tier_changed", "model_changed"}),
}
"""Pairs that cannot be had together from the table above, or not without one another."""


def together(*names: str) -> dict[str, Any]:
    """Return what leads to several causes."""
    given: dict[str, Any] = {}
    for name in names:
        for member, value in CAUSES[name].items():
            given[member] = {**given.get(member, {}), **value} if isinstance(value, dict) else value
    return given


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_alone_is_the_verdict_unless_it_cost_nothing(name: str) -> None:
    free = after(**CAUSES[name], cached=20_000)

    assert after(**CAUSES[name]).name == name
    assert free.name == "hit"
    assert (name in free.changes) == (name not in ("idle", "key_overloaded"))


PAIRS = [pair for pair in itertools.combinations(CAUSES, 2) if frozenset(pair) not in EXCLUDING]
PROMPT = VERDICTS[VERDICTS.index("tools_changed") : VERDICTS.index("input_changed") + 1]


BROUGHT_ALONG = ("model_changed", "service_tier_changed", *PROMPT[:-2])
"""What a compaction may bring along: another model renders the prompt in another way."""


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_of_two_causes_the_first_of_the_table_counts(first: str, second: str) -> None:
    yields = {"session_missing": PROMPT, **dict.fromkeys(BROUGHT_ALONG, ("context_compacted",))}
    expected = second if second in yields.get(first, ()) else first

    assert after(**together(first, second)).name == expected


def test_a_missing_session_is_the_cause_where_it_is_news() -> None:
    """A turn before that left without one, too, and was read shows that it can be read so."""
    gone: dict[str, Any] = {"via": {"session": None, "socket": "2"}}
    never = replace(two()[0], route=route(session=None, socket="1"))
    never_read = replace(never, usage=Usage(input=20_000, cached=0, output=1))
    read = replace(never, usage=Usage(input=20_000, cached=18_000, output=1))
    mine = two(**gone)[1]

    assert after(**gone).name == judged(mine, never_read).name == "session_missing"
    assert judged(mine, read).name == "transport_changed"


MEASURED = Ledger(
    boundaries=(Boundary(1, 4_000, 1), Boundary(3, 9_000, 2), Boundary(5, 14_000, 3)), floor=3_072, turns=3
)
"""A conversation whose turns ended behind its first, third and fifth item; its seven items have 20,000 tokens."""


def measured(
    *, edit: int = 5, cached: int = 0, before: Ledger = MEASURED, load: Load = NO_LOAD, **given: Any
) -> Verdict:
    """Return the verdict on a turn that edits an item, behind one with a ledger."""
    given = {"items": [*NINE[:edit], user("x"), *NINE[edit + 1 :]], **given}
    first, mine = two(cached=cached, tokens=20_000, **given)
    return judged(mine, replace(first, ledger=MEASURED), load)


@pytest.mark.parametrize(
    ("cached", "given", "name"),
    [
        pytest.param(14_000, {}, "input_changed", id="the read ends where the item stands"),
        pytest.param(12_976, {}, "input_changed", id="or less than the slack before"),
        pytest.param(11_951, {}, "input_changed", id="or a step before, of models that cache in steps"),
        pytest.param(3_072, {}, "upstream", id="far less was read than what precedes it"),
        pytest.param(3_072, {"gap": 1000.0}, "idle", id="as after a pause"),
        pytest.param(3_072, {"load": BUSY}, "key_overloaded", id="or among many turns"),
        pytest.param(3_072, {"edit": 3}, "input_changed", id="what follows it is the larger part"),
        pytest.param(16_000, {"edit": 0}, "upstream", id="the read went past it"),
    ],
)
def test_an_edit_is_the_cause_where_the_read_agrees(cached: int, given: dict[str, Any], name: str) -> None:
    assert measured(cached=cached, **given).name == name


def test_a_change_that_explains_the_smaller_part_is_named_first() -> None:
    assert measured(cached=3_072).because == (
        "an assistant message was dropped from input[5]; a user message was inserted at input[5], which explains "
        "at most 6,000 of the 16,928 tokens that were not read; the read ends with tools and instructions; "
        "it left 15 s after its predecessor: likely the server's side"
    )


def test_a_change_that_explains_the_larger_part_says_what_it_does_not_explain() -> None:
    verdict = measured(edit=3, cached=3_072)

    assert verdict.because == (
        "an assistant message was dropped from input[3]; a user message was inserted at input[3]; "
        "5,928 tokens before it were not read either, for a reason that is not known"
    )


@pytest.mark.parametrize("name", ["model_changed", "session_changed", "tools_changed", "instructions_changed"])
def test_a_read_past_what_a_change_would_have_broken_shows_another_cause(name: str) -> None:
    assert measured(cached=14_000, **CAUSES[name]).name == "input_changed"
    assert measured(cached=3_072, **CAUSES[name]).name == name


@pytest.mark.parametrize("name", ["session_changed", "prompt_cache_key_changed", "key_replaced", "transport_changed"])
def test_a_habit_is_no_cause(name: str) -> None:
    habit = MEASURED._replace(conditions=(Condition(name, 2, 1),))
    first, mine = two(**CAUSES[name])
    rarely = MEASURED._replace(conditions=(Condition(name, 3, 1),))

    assert judged(mine, replace(first, ledger=rarely)).name == name
    assert judged(mine, replace(first, ledger=habit)).because.startswith(
        f"everything comparable is the same but for {name}, as on turns that hit; nothing was read; it left "
    )


def test_an_edit_further_back_than_a_lookup_goes_explains_all_that_was_not_read() -> None:
    """From GPT-5.6 on (OpenAI, "Prompt caching")."""
    before, later = conversation(*"abcdefgh"), conversation(*(str(n) for n in range(60)))
    ledger = Ledger(boundaries=(Boundary(3, 9_000, 1), Boundary(9, 14_000, 2)), turns=2)
    edited = [*before[:6], user("x"), *before[7:], *later]

    def verdict(model: str) -> Verdict:
        first = record(1, [*before, *later[:59]], tokens=60_000, body={"model": model}, ledger=ledger)
        return judged(record(2, edited, at=15.0, tokens=60_000, cached=0, body={"model": model}), first)

    assert verdict("gpt-5.6-sol").because.endswith("further back than the 20 endings at which the backend looks")
    assert "for a reason that is not known" in verdict("gpt-5.5").because


def test_the_backend_leaves_out_reasoning_by_itself() -> None:
    made: Json = {"type": "reasoning", "encrypted_content": "x" * 40}
    first = record(1, [*NINE[:7], made], tokens=20_000)
    mine = record(2, [*NINE[:7], made, *NINE[7:]], at=15.0, tokens=17_000, cached=4_000)

    assert judged(mine, first).because.startswith(
        "nothing was taken out here, but the backend left out earlier reasoning, some 3,000 tokens; it left "
    )
    assert judged(mine, first).name == "upstream"


def test_what_was_served_otherwise_is_outside_of_client_and_proxy() -> None:
    first, mine = two()
    asked = after(**CAUSES["model_changed"])
    served = judged(replace(mine, served_model="b"), replace(first, served_model="a"))

    assert (asked.name, asked.blame) == ("model_changed", "expected")
    assert (served.name, served.blame) == ("model_changed", "outside")
    assert served.because == "the model that was served went from a to b, though the same was asked for"


def test_the_backends_own_word_outranks_what_is_found_here() -> None:
    first, mine = two()
    verdict = judged(replace(mine, server=ServerWord("tools_changed", 9_000, 11_000)), first)

    assert (verdict.name, verdict.resent, verdict.reusable, verdict.blame) == (
        "tools_changed",
        9_000,
        11_000,
        "avoidable",
    )
    assert verdict.because.startswith(
        "the backend itself gives this reason; the comparison here says upstream: everything comparable "
    )


def test_the_backend_may_see_an_edit_that_is_none_here() -> None:
    first, mine = two()

    assert judged(replace(mine, transformations=("prefix_mismatch",)), first).name == "input_changed"


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (240.0, ""),
        (290.0, "4 min 50 s passed since its predecessor was sent: the cache possibly expired"),
        (301.0, "likely expired"),
    ],
)
def test_a_pause_is_counted_from_the_predecessors_start(gap: float, said: str) -> None:
    first, mine = two(gap=gap - 5.0)
    verdict = judged(mine, first)

    assert (verdict.name == "idle", said in verdict.because) == (said != "", True)


def test_turns_in_flight_overload_a_key_if_none_had_ended() -> None:
    verdict = after(load=Load(3, 2, True, 3))

    assert (verdict.name, after(load=Load(3, 2, False, 1)).name) == ("key_overloaded", "upstream")
    assert verdict.because.startswith("2 other turns of its key were in flight, of which none had ended: ")
    assert "; its key carried 3 conversations within an hour" in after(load=Load(1, 0, False, 3)).because


def test_a_rewind_and_a_fork_were_asked_for() -> None:
    """A rewritten item is not: its history goes on behind it."""
    rewind = after(items=[*NINE[:3], user("x")], tokens=12_000, cached=1_000)
    rewritten = after(items=[*NINE[:3], user("x"), *NINE[4:]])
    fork = judged(two(via={"session": "t", "thread": "t"})[1], replace(two()[0], route=route(socket="1", thread="s")))

    assert [verdict.blame for verdict in (rewind, rewritten, fork)] == ["expected", "avoidable", "expected"]


@pytest.mark.parametrize("pinnable", [True, False])
def test_a_changed_key_points_to_pin_where_that_would_help(pinnable: bool) -> None:
    assert ("codex_mode=pin" in after(via={"key": "l", "pinnable": pinnable}).because) is pinnable


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, 20_000, id="a pure append"),
        pytest.param(CAUSES["account_changed"], 20_000, id="identity leaves the prompt as it is"),
        pytest.param(CAUSES["input_changed"], None, id="up to an edited item"),
        pytest.param(CAUSES["tools_changed"], 0, id="up to an edited tool"),
    ],
)
def test_reusable_is_what_stands_unchanged_at_the_head(given: dict[str, Any], expected: int | None) -> None:
    found = after(**given).reusable

    assert found == expected if expected is not None else 0 < (found or 0) < 5000


def test_what_was_sent_again_is_what_could_have_been_read() -> None:
    assert after(cached=4_000).resent == 16_000
    assert after(cached=20_000).resent == 0
    assert after(tokens=10_000, cached=1_000).resent == 9_000
    assert (after(cached=None).is_miss, after(cached=None).resent) == (False, 0)


def test_what_is_new_was_not_sent_again() -> None:
    """A turn that goes back and then says much has its predecessor's head to read, and no more."""
    went_back = after(items=[*NINE[:3], user("x" * 9_000)], cached=7_000, tokens=30_000)
    pruned = after(items=[*NINE[:3], user("x"), *NINE[4:7]], cached=7_000)

    assert went_back.name == pruned.name == "input_changed"
    assert went_back.resent == (went_back.reusable or 0) - 7_000
    assert (pruned.reusable or 0) < pruned.resent + 7_000 < 20_000


@pytest.mark.parametrize("change", [{"model": "n"}, {"reasoning": {"effort": "high"}}, {"tools": [{"name": "u"}]}])
def test_what_a_changed_setting_kept_from_being_read_was_sent_again(change: Object) -> None:
    assert after(body=change, cached=0).resent > 15_000


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_can_be_told_before_the_turn_is_sent(name: str) -> None:
    given = dict(CAUSES[name])
    load = given.pop("load", NO_LOAD)
    first, mine = two(took=None, **given)
    expected = {"key_replaced": None, "transport_changed": None}.get(name, name)

    found = predicted(replace(mine, echoed_key=None), match(mine, first), load)

    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("before", "tokens", "items"),
    [
        pytest.param(NINE[:7], 20_000, NINE, id="a pure append"),
        pytest.param(NINE[:7], 20_000, NINE[:3], id="a turn that goes back"),
        pytest.param(LONG, 100_000, [*LONG[:98], user("x")], id="an edit near the end"),
    ],
)
def test_nothing_is_predicted_for(before: list[Json], tokens: int, items: list[Json]) -> None:
    first, mine = record(1, before, tokens=tokens), record(2, items, at=10.0, took=None)

    assert predicted(mine, match(mine, first)) is None
