"""The tokens before a place lie between measured boundaries, and bytes divide what is between them."""

from typing import Any

import pytest
from codexcache.body.json_splice import Json
from codexcache.diagnosis.tokens import (
    Measure,
    Span,
    boundaries,
    generation,
    ledger_of,
    looks_back_past,
    place_of_read,
    repeated,
)
from codexcache.turn.ledger import EMPTY, Boundary, Ledger
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.records import match, record
from support.turns import conversation, user

ITEMS = conversation("a" * 40, "b" * 40, "c" * 40, "d" * 40, "e" * 40)
REASONING: Json = {"type": "reasoning", "encrypted_content": "x" * 6000}
TOLD = Ledger(boundaries=(Boundary(1, 2_000, 1), Boundary(3, 6_000, 2)), turns=2)


def measure(**given_: Any) -> Measure:
    return Measure(record(3, ITEMS, tokens=9_000, **{"ledger": TOLD, **given_}))


def test_a_boundary_is_exact_and_what_is_between_two_lies_between_them() -> None:
    before = [measure().before(item) for item in range(6)]

    assert [before[at] for at in (1, 3, 5)] == [Span(count, count, count) for count in (2_000, 6_000, 9_000)]
    assert [(span.low, span.high) for span in (before[0], before[2], before[4])] == [
        (0, 2_000),
        (2_000, 6_000),
        (6_000, 9_000),
    ]
    assert 3_900 < before[2].estimate < 4_100


def test_without_earlier_turns_bytes_divide_the_whole_prompt() -> None:
    alone = measure(ledger=EMPTY)

    assert alone.before(5) == Span(9_000, 9_000, 9_000)
    assert alone.before(2).low == alone.in_head(0).low == alone.in_head(0).estimate == 0
    assert alone.in_head(1 << 40) == alone.before(0)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        pytest.param(1_100, (90, 160), id="encrypted tokens are about a sixth of its bytes"),
        pytest.param(60, (50, 60), id="none where the backend left it out"),
    ],
)
def test_encrypted_reasoning_is_not_weighed_as_text_is(tokens: int, text: tuple[int, int]) -> None:
    items = [ITEMS[0], REASONING, user("t" * 400)]
    ledger = Ledger(boundaries=(Boundary(1, 2_000, 1),), turns=1)
    found = Measure(record(2, items, tokens=2_000 + tokens, ledger=ledger))

    assert text[0] <= found.of_items(2, 3) <= text[1]
    assert found.of_items(1, 2) + found.of_items(2, 3) == tokens


@prop
@given(st.lists(st.integers(1, 5), unique=True), st.lists(st.integers(0, 20_000), min_size=6, max_size=6))
def test_spans_are_in_order_and_hold_their_estimate(places: list[int], tokens: list[int]) -> None:
    counts = sorted(tokens)
    known = tuple(Boundary(place, counts[place - 1], place) for place in sorted(places) if place < 5)
    found = Measure(record(9, ITEMS, tokens=counts[5], ledger=Ledger(boundaries=known)))
    spans = [found.before(item) for item in range(6)]

    assert all(span.low <= span.estimate <= span.high for span in spans)
    assert [span.estimate for span in spans] == sorted(span.estimate for span in spans)


def test_a_ledger_keeps_the_boundaries_that_a_turn_still_has() -> None:
    first = record(1, ITEMS[:3], tokens=5_000, cached=3_072)
    first.ledger = ledger_of(first, None, ["cold"], [], hit=False)
    mine, edited = record(2, ITEMS, tokens=9_000, cached=4_992), record(2, [user("x"), *ITEMS[1:]], tokens=9_000)
    other_tools = record(2, ITEMS, tokens=9_000, body={"tools": [{"name": "t"}]})
    kept = [
        ledger_of(one, match(one, first), ["hit"], ["key_replaced"], hit=True) for one in (mine, edited, other_tools)
    ]

    assert [[(one.items, one.tokens) for one in ledger.boundaries] for ledger in kept] == [
        [(3, 5_000), (5, 9_000)],
        [(5, 9_000)],
        [(5, 9_000)],
    ]
    assert (first.ledger.floor, kept[0].floor) == (3_072, 3_072)
    assert [(count.name, count.turns) for count in kept[0].causes] == [("cold", 1)]
    assert kept[0].conditions[0].is_habit


@pytest.mark.parametrize("given_", [{"tokens": None}, {"tokens": 0}, {"cached": None}, {"complete": False}])
def test_a_turn_without_counters_measures_nothing(given_: dict[str, Any]) -> None:
    first = record(1, ITEMS[:3], ledger=TOLD)
    mine = record(2, ITEMS, **given_)

    assert ledger_of(mine, match(mine, first), ["no_usage"], [], hit=False) == TOLD


@pytest.mark.parametrize(
    ("cached", "place"),
    [
        (0, "nothing was read"),
        (1_920, "the read ends where turn 1 ended"),
        (8_960, "the read ends where turn 3 ended"),
        (3_072, "the read ends with tools and instructions"),
        (4_608, ""),
    ],
)
def test_where_a_read_ended_is_said_if_it_is_a_known_place(cached: int, place: str) -> None:
    mine = record(3, ITEMS, tokens=9_000, ledger=TOLD._replace(floor=3_072))

    assert place_of_read(cached, mine, mine.ledger) == place
    assert [boundary.turn for boundary in boundaries(mine)] == [1, 2, 3]


def test_the_number_of_a_turn_of_another_start_is_not_said() -> None:
    mine = record(-3, ITEMS, tokens=9_000)

    assert place_of_read(8_960, mine, mine.ledger) == ""


@pytest.mark.parametrize(
    ("model", "numbers"),
    [("gpt-5.6-sol", (5, 6)), ("gpt-6-luna", (6, 0)), ("gpt-6.2", (6, 2)), ("codex-astra", (0, 0))],
)
def test_the_generation_of_a_model_is_in_its_name(model: str, numbers: tuple[int, int]) -> None:
    assert generation(model) == numbers


@pytest.mark.parametrize(
    ("model", "later", "past"), [("gpt-5.6", 42, True), ("gpt-5.6", 38, False), ("gpt-5.5", 42, False)]
)
def test_from_gpt_5_6_on_the_backend_looks_at_the_last_endings_only(model: str, later: int, past: bool) -> None:
    items = [*ITEMS[:1], user("edited"), *conversation(*(str(n) for n in range(later)))]

    assert looks_back_past(record(2, items, body={"model": model}), 1) is past


def test_what_is_again_in_the_prompt_is_counted_wherever_it_stands() -> None:
    first = record(1, ITEMS, tokens=9_000, ledger=TOLD)
    dropped, cut = record(2, [*ITEMS[:1], *ITEMS[2:]]), record(2, ITEMS[:1])

    assert repeated(record(2, ITEMS), match(record(2, ITEMS), first)) == 9_000
    assert 6_900 < repeated(dropped, match(dropped, first)) < 7_100
    assert repeated(cut, match(cut, first)) == 2_000
