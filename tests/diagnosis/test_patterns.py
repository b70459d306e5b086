"""A cause that comes again is said to do so, from its third time on, and never more than the turns show."""

from collections.abc import Sequence
from typing import Any

import pytest
from codexcache.diagnosis.patterns import RecentTurns, pattern
from codexcache.turn.ledger import EMPTY, Ledger, with_counts
from codexcache.turn.record import Record
from support.records import record, route


def ledger(*turns: Sequence[str], floor: int = 0) -> Ledger:
    """Return the ledger of a conversation's turns, each with its verdict and the kinds of its difference."""
    known = Ledger(floor=floor)
    for names in turns:
        known = known._replace(causes=with_counts(known.causes, names), turns=known.turns + 1)
    return known


DATED = ("instructions_changed", "date")


def again(before: Ledger, name: str, *volatile: str) -> str:
    """Return the pattern of a turn of which only the ledger of its conversation is known."""
    return pattern(record(), before, name, volatile, RecentTurns())


# What the ledger counts.


def test_a_cause_is_a_pattern_from_its_third_time_on() -> None:
    befores = [ledger(("cold",), *[("idle",)] * times) for times in range(4)]

    assert [again(before, "idle") for before in befores] == [
        "",
        "",
        "the same on 3 of 3 turns of this conversation",
        "the same on 4 of 4 turns of this conversation",
    ]


def test_what_always_consists_of_the_same_is_said_to() -> None:
    before = ledger(("cold",), *[DATED] * 11)

    assert again(before, "instructions_changed", "date") == (
        "the same on 12 of 12 turns of this conversation, always a date"
    )


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("time",), "a time"),
        (("UUID",), "a UUID"),
        (("counter",), "a counter"),
        (("path",), "a path"),
        (("white space",), "white space"),
        (("order",), "the order"),
        (("date", "UUID"), "a date and a UUID"),
        (("of a later version",), "of a later version"),
    ],
)
def test_each_kind_of_difference_has_words(kinds: tuple[str, ...], said: str) -> None:
    before = ledger(*[("tools_changed", *kinds)] * 2)

    assert again(before, "tools_changed", *kinds).endswith(f"of this conversation, always {said}")


@pytest.mark.parametrize(
    ("before", "volatile"),
    [
        pytest.param(ledger(DATED, DATED), (), id="this time it is another difference"),
        pytest.param(ledger(DATED, ("instructions_changed",)), ("date",), id="once it was another difference"),
        pytest.param(
            ledger(DATED, ("instructions_changed",), ("tools_changed", "date")),
            ("date",),
            id="another part of the prompt had it",
        ),
    ],
)
def test_always_is_said_only_where_it_is_known(before: Ledger, volatile: tuple[str, ...]) -> None:
    assert again(before, "instructions_changed", *volatile).endswith("turns of this conversation")


@pytest.mark.parametrize("name", ["hit", "cold", "below_minimum", "no_usage", "rejected"])
def test_what_is_no_miss_is_no_pattern(name: str) -> None:
    assert again(ledger(*[(name,)] * 9), name) == ""


# What the latest turns show.


def told(turns: Sequence[dict[str, Any]], name: str, floor: int = 4_000) -> str:
    """Return the pattern of the last of these turns, each of which is given by what is special about it."""
    recent = RecentTurns()
    *earlier, last = [made(number, **given) for number, given in enumerate(turns, 1)]
    for one in earlier:
        one.ledger = ledger(floor=floor)
        recent.add(one)
    return pattern(last, ledger(floor=floor), name, (), recent)


def made(number: int, *, says: str = "i", account: str = "a", conversation: int = 1, **given: Any) -> Record:
    given = {"cached": 0, **given}
    return record(number, body={"instructions": says}, via=route(account=account), conversation=conversation, **given)


TWO_PROMPTS = (
    "two system prompts are used by turns in this conversation, and neither reads what was cached with the other"
)
TWO_AGENTS = (
    "two conversations take turns under this key, and each reads at most the tools and instructions that both begin "
    "with: give each a key of its own"
)


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ("abab", TWO_PROMPTS),
        ("cabab", TWO_PROMPTS),
        ("aba", ""),
        ("aaab", ""),
        ("abba", ""),
        ("abac", ""),
        ("abcd", ""),
    ],
)
@pytest.mark.parametrize("name", ["instructions_changed", "tools_changed"])
def test_two_system_prompts_that_take_turns_are_one_sentence(prompts: str, expected: str, name: str) -> None:
    assert told([{"says": prompt} for prompt in prompts], name) == expected


def test_prompts_of_different_conversations_are_no_pattern() -> None:
    turns = [{"says": "a", "conversation": 1}, {"says": "b", "conversation": 2}] * 2

    assert told(turns, "instructions_changed") == ""


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ("abab", "the account changed on 3 of the last 3 turns, among 2 accounts, so they are rotated"),
        ("abcd", "the account changed on 3 of the last 3 turns, among 4 accounts, so they are rotated"),
        ("aabbab", "the account changed on 3 of the last 5 turns, among 2 accounts, so they are rotated"),
        ("aabb", ""),
        ("aba", ""),
        ("ababaaaaaab", ""),
    ],
)
def test_accounts_that_rotate_are_one_sentence(accounts: str, expected: str) -> None:
    assert told([{"account": account} for account in accounts], "account_changed") == expected


@pytest.mark.parametrize(
    ("conversations", "cached", "expected"),
    [
        pytest.param((1, 2, 1, 2), (0, 4_000, 4_000, 4_000), TWO_AGENTS, id="each reads what both begin with"),
        pytest.param((1, 2, 1, 2), (0, 0, 0, 0), TWO_AGENTS, id="neither reads anything"),
        pytest.param((1, 2, 1, 2), (0, 4_000, 9_000, 9_000), "", id="each reads its own"),
        pytest.param((1, 2, 1, 2), (0, 4_000, 4_000, 8_000), "", id="this one read more"),
        pytest.param((1, 2, 1, 2), (0, 4_000, 9_000, 4_000), "", id="the other one read more"),
        pytest.param((1, 2, 1, 2), (0, 9_000, 4_000, 4_000), TWO_AGENTS, id="a read of long ago is an exception"),
        pytest.param((1, 2, 1, 2), (0, None, None, 4_000), "", id="too little is known"),
        pytest.param((1, 2, 2, 1), (0, 4_000, 4_000, 4_000), "", id="they do not alternate"),
        pytest.param((1, 2, 3, 4), (0, 4_000, 4_000, 4_000), "", id="there are more than two"),
        pytest.param((1, 1, 1, 1), (0, 4_000, 4_000, 4_000), "", id="there is one"),
    ],
)
@pytest.mark.parametrize("name", ["upstream", "key_overloaded", "transport_changed"])
def test_two_agents_with_one_key_are_one_sentence(
    conversations: Sequence[int], cached: Sequence[int | None], expected: str, name: str
) -> None:
    turns = [{"conversation": one, "cached": read} for one, read in zip(conversations, cached, strict=True)]

    assert told(turns, name) == expected


def test_a_cause_of_its_own_is_no_matter_of_two_agents() -> None:
    turns = [{"conversation": 1}, {"conversation": 2}] * 2

    assert told(turns, "input_changed") == ""


def test_a_pattern_of_the_latest_turns_is_told_rather_than_a_count() -> None:
    recent, last = RecentTurns(), made(4, says="b")
    for number, says in enumerate("aba", 1):
        recent.add(made(number, says=says))

    assert pattern(last, ledger(DATED, DATED), "instructions_changed", (), recent) == TWO_PROMPTS


@pytest.mark.parametrize(
    "given", [{"warm_up": True}, {"tokens": None}, {"endpoint": "compact"}], ids=["warm-up", "no usage", "compaction"]
)
def test_what_is_no_part_of_the_talk_breaks_no_pattern(given: dict[str, Any]) -> None:
    turns = [{"says": says} for says in "aba"]

    assert told([*turns, {"says": "c", **given}, {"says": "b"}], "instructions_changed") == TWO_PROMPTS


def test_conversations_that_are_remembered_are_bounded() -> None:
    recent, last = RecentTurns(limit=2), made(9, says="b")
    for number, says in enumerate("aba", 1):
        recent.add(made(number, says=says))
    recent.add(record(4, via=route(key=None), conversation=2))
    recent.add(record(5, via=route(key=None), conversation=3))

    assert pattern(last, EMPTY, "instructions_changed", (), recent) == ""
