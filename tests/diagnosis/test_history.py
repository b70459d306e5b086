"""What is remembered of turns, how it is found, and how much memory that takes."""

import gc
import time
import tracemalloc
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.history import HISTORY_BYTES, History
from codexcache.diagnosis.match import match_of
from codexcache.diagnosis.predecessor import choose
from codexcache.turn.item_list import Item, Items, digest
from codexcache.turn.items import SHORT, TEXT
from codexcache.turn.prompt import Prompt, read_outputs
from codexcache.turn.record import Record
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.records import ITEMS, answered, found, now, record, remembering, route, turns
from support.turns import conversation, said, user


def test_only_a_turn_that_had_ended_is_a_predecessor() -> None:
    history = remembering(record(1, ITEMS[:1], at=0.0, took=50.0))

    assert found(history, record(2, ITEMS, at=49.0)) is None
    assert found(history, record(2, ITEMS, at=50.0)) == (1, 1)


def test_the_turn_that_is_named_is_a_predecessor_if_it_was_counted() -> None:
    """A turn that extends something unknown has none."""
    assert found(History(), now(ITEMS, named=record(1, [], warm_up=True))) == (1, 0)
    assert found(History(), now(ITEMS, named=record(1, [], tokens=None))) is None
    assert found(remembering(*turns(ITEMS)), now(ITEMS, complete=False)) is None


def test_more_than_sixteen_turns_with_one_head_are_still_found_by_their_own() -> None:
    history = remembering(*(record(n, [user("hi"), user(str(n))], at=float(n), took=0.5) for n in range(1, 60)))

    for n in (1, 30, 59):
        assert found(history, now([user("hi"), user(str(n)), user("x")])) == (n, 2)


def test_a_turn_of_the_same_session_is_found_though_its_history_was_edited_and_its_key_changed() -> None:
    answer, other = said("assistant", "It is a longer sentence."), route(session="t")
    first = answered(record(1, [user("u")], took=0.5, via=other), answer)
    history = remembering(first, record(2, [user("v"), answer], at=2.0))
    mine = now([user("w"), answer], via=route(key="l"))

    match = history.predecessor(mine)

    assert match is not None
    assert (match.record.number, match.evidence) == (2, "answer")


CALL: Json = {"type": "function_call", "call_id": "call_0123456789abcdef", "name": "shell", "arguments": "{}"}
pieces: list[Json] = [
    *(user("u"), said("assistant", "a"), said("assistant", "It is a longer sentence."), CALL),
    {"type": "compaction", "encrypted_content": "c"},
]
talks = st.lists(st.sampled_from(pieces), max_size=5)
routes = st.sampled_from(  # turns that leave alike have one route, and most do
    [
        *[route()] * 4,
        *(route(key=key) for key in ("l", None)),
        *(route(**{name: value}) for name, value in (("session", "t"), ("caller", b"d"), ("thread", "x"))),
    ]
)
bodies: st.SearchStrategy[Object] = st.sampled_from([{}, {}, {"tools": [{"name": "shell"}], "instructions": "other"}])


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, Record]:
    """Return turns, each a beginning, or one that came before, or behind its answer; and a turn like them."""
    history, earlier = History(), list[list[Json]]([[]])
    for number in range(1, draw(st.integers(2, 9))):
        items, answer = [*draw(st.sampled_from(earlier)), *draw(talks)], draw(talks)
        took = draw(st.sampled_from([0.5, 0.5, 3.0]))
        one = record(number, items, at=float(number), took=took, via=draw(routes), body=draw(bodies))
        one.outputs = read_outputs(answer, one.prompt)
        match = history.predecessor(one)
        one.conversation = match.record.conversation if match else number
        history.add(one, match)
        earlier += [items, [*items, *answer]]
    mine = [*draw(st.sampled_from(earlier)), *draw(talks)]
    return history, record(99, mine, at=10.0, via=draw(routes), body=draw(bodies))


@prop
@given(histories())
def test_a_plain_continuation_is_chosen_as_a_full_search_chooses_it(drawn: tuple[History, Record]) -> None:
    history, mine = drawn

    assert history.predecessor(mine) == choose(mine, history.candidates(mine))


@prop
@given(histories(), st.integers(0, 9))
def test_a_turn_that_plainly_extends_another_has_the_predecessor_that_a_full_search_finds(
    drawn: tuple[History, Record], continued: int
) -> None:
    """It is known to continue that one, or not."""
    history, mine = drawn
    mine.continued = continued

    plain = history.plain(mine)

    assert plain in (None, choose(mine, history.candidates(mine)))


def test_a_turn_that_is_known_to_continue_another_need_not_hold_what_answered_that() -> None:
    opening, via = [user("Fix it."), CALL], route()
    history = remembering(answered(record(1, opening, via=via), said("assistant", "It is a longer sentence.")))
    mine = record(2, [*opening, user("And the lexer?")], at=10.0, via=via, continued=1)

    plain = history.plain(mine)

    assert plain is not None
    assert (plain.record.number, plain.evidence) == (1, "answer")
    assert plain == history.predecessor(mine)


@prop
@given(histories())
def test_what_a_look_at_all_turns_recognizes_is_recognized(drawn: tuple[History, Record]) -> None:
    history, mine = drawn
    readable = [one for one in history.turns() if one.ended_at is not None and one.ended_at <= mine.sent_at]

    found, known = history.predecessor(mine), choose(mine, [match_of(mine, one) for one in readable])

    assert (found is None) == (known is None)
    assert (
        found is None or known is None or (found.evidence, found.shared_items) == (known.evidence, known.shared_items)
    )


# A turn that is sent again, and who had sent what a first turn reads.

OPENING = [said("developer", "You are careful."), user("Fix the parser.")]
ANSWER, QUESTION = said("assistant", "The parser is fixed."), user("And the lexer?")


def cut(number: int, items: list[Json], **given: Any) -> Record:
    """Return an attempt: a turn that ended without usage."""
    return record(number, items, at=10.0 * number, tokens=None, **given)


def number_of(found: Record | None) -> int | None:
    return found.number if found else None


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([*OPENING, ANSWER, QUESTION], id="sent again"),
        pytest.param([*OPENING, ANSWER, QUESTION, user("<turn_aborted>"), user("Stop.")], id="interrupted"),
    ],
)
def test_a_turn_that_ended_without_usage_is_an_attempt_and_no_predecessor(items: list[Json]) -> None:
    first = answered(record(1, OPENING), ANSWER)
    history = remembering(first, cut(2, [*OPENING, ANSWER, QUESTION]))

    assert found(history, now(items)) == (1, 2)
    assert number_of(history.attempt(now(items))) == 2


@pytest.mark.parametrize(
    "given",
    [{"via": route(session="s2")}, {"via": route(key="k2")}, {"via": route(caller=b"bob")}, {"complete": False}],
    ids=["another session", "another key", "another caller", "incomplete"],
)
def test_an_attempt_is_one_of_the_same_ids(given: dict[str, Any]) -> None:
    assert remembering(cut(1, OPENING)).attempt(now(OPENING, **given)) is None


@pytest.mark.parametrize("given", [{"status": 429}, {"failed": "server_error"}], ids=str)
def test_what_was_refused_is_no_attempt(given: dict[str, Any]) -> None:
    assert remembering(cut(1, OPENING, **given)).attempt(now(OPENING)) is None


def test_an_attempt_was_sent_before_and_the_latest_counts() -> None:
    history = remembering(cut(1, OPENING), cut(2, OPENING))

    assert number_of(history.attempt(now(OPENING))) == 2
    assert history.attempt(record(3, OPENING, at=5.0)) is None
    assert history.attempt(now([QUESTION])) is None


def test_an_attempt_that_had_sent_more_than_the_predecessor_is_one_whatever_it_ended_with() -> None:
    update: Json = {"type": "configuration_update", "reasoning": {"effort": "low"}}
    history = remembering(cut(1, [*OPENING, ANSWER, QUESTION, update]), cut(2, [*OPENING, update]))
    items = [*OPENING, ANSWER, QUESTION, user("Stop."), update]
    interrupted = now(items)

    assert history.attempt(interrupted) is None
    assert [number_of(history.attempt(interrupted, beyond)) for beyond in (2, 4)] == [1, None]
    assert history.attempt(now(items, via=route(session="s2")), 2) is None


def test_a_retry_goes_on_from_the_predecessor_of_its_first_attempt() -> None:
    """Meanwhile the conversation went on with another turn, which has an answer that the retry lacks."""
    history = remembering(answered(record(1, OPENING), ANSWER), cut(2, [*OPENING, QUESTION]))
    went_on = record(3, [*OPENING, ANSWER, user("Thank you.")], at=30.0)
    history.add(went_on, history.predecessor(went_on))

    assert found(history, now([*OPENING, QUESTION])) == (1, 2)
    assert found(history, now([*OPENING, user("Another question.")])) is None


def test_attempts_are_bounded_and_their_prompts_counted() -> None:
    history = History()
    for number in range(1, 300):
        history.add(cut(number, [user(f"{number}"), *OPENING]), None)
    size = history.size
    history.add(cut(300, [user("300"), *OPENING]), None)

    found = [history.attempt(record(999, [user(number), *OPENING], at=9000.0)) for number in ("1", "250")]
    assert [number_of(one) for one in found] == [None, 250]
    assert 50_000 < history.size == size


def test_a_sibling_begins_with_the_whole_input_that_opened_another_conversation() -> None:
    elsewhere = route(key="k1", session="s1")
    opened = answered(record(1, OPENING, via=elsewhere), ANSWER)
    history = remembering(opened, record(2, [*OPENING, ANSWER, QUESTION], at=20.0, via=elsewhere))

    assert number_of(history.sibling(now(OPENING))) == 1
    assert number_of(history.sibling(now([*OPENING, QUESTION]))) == 1
    assert history.sibling(now([OPENING[0], QUESTION])) is None
    assert history.sibling(now(OPENING, via=route(caller=b"bob"))) is None


def test_what_a_batch_begins_with_is_no_opening_though_it_holds_examples() -> None:
    examples = [user("Two and two?"), said("assistant", "Two and two are four.")]
    history = remembering(record(1, [*examples, user("Three and three?")]))

    assert history.sibling(now([*examples, user("Four and four?")])) is None


DAY = 24 * 3600.0


def test_who_had_sent_what_a_first_turn_begins_with_is_the_turn_with_the_most_of_it() -> None:
    elsewhere = route(key="k1", session="s1")
    history = remembering(record(1, OPENING, via=elsewhere), record(2, [OPENING[0]], at=20.0, via=elsewhere))

    assert history.sender(now([*OPENING, QUESTION])) == (history.turns()[0], True)
    assert history.sender(now([QUESTION])) == (history.turns()[1], True)
    assert history.sender(now([*OPENING, QUESTION]), beyond=2) == (None, False)
    assert history.sender(now(OPENING, via=route(caller=b"bob"))) == (None, False)
    assert history.sender(now(OPENING, body={"instructions": "Others."})) == (None, False)


def test_an_attempt_had_sent_its_items_as_well() -> None:
    history = remembering(cut(1, OPENING))

    assert number_of(history.sender(now(OPENING)).record) == 1


def test_that_nobody_here_had_sent_it_is_known_once_all_that_can_be_cached_was_seen() -> None:
    history = remembering(record(1, OPENING, at=0.0))
    others: Object = {"instructions": "Others."}

    assert history.sender(record(2, OPENING, at=DAY - 1, body=others)) == (None, False)
    assert history.sender(record(2, OPENING, at=DAY + 1, body=others)) == (None, True)
    assert history.sender(record(2, OPENING, at=DAY + 1, body=others, complete=False)) == (None, False)


def test_what_was_forgotten_may_have_been_sent_here() -> None:
    history = remembering(record(1, OPENING, at=0.0), limit=10_000)
    for number in range(2, 9):
        history.add(record(number, [user(str(number))], at=DAY * number), None)

    assert history.sender(record(9, [QUESTION], at=7 * DAY + 60, body={"instructions": "Others."})) == (None, False)


def test_a_response_is_named_over_http_by_its_caller() -> None:
    history = remembering(answered(record(1, OPENING, response_id="r1"), ANSWER))

    assert number_of(history.response("r1", route())) == 1
    assert history.response("r1", route(socket="socket-1")) is None
    assert history.response("r1", route(caller=b"bob", key="k2")) is None
    assert history.response("r2", route()) is None
    assert history.response(None, route()) is None


def grown(number: int, items: Items, key: str) -> Record:
    """Return a turn with these items, made fast."""
    made = record(number, at=float(number), took=0.5, via=route(key=key, session=key))
    made.prompt = Prompt(prefix=made.prompt.prefix, items=items, length=len(items))
    return made


def item(name: str) -> Item:
    return Item(digest(name.encode()), "user message", 100, 0)


def reply(name: str) -> Item:
    """Return a message of the model's, with what identifies it."""
    return Item(digest(name.encode()), "assistant message", 100, 0, digest(name.encode()) & ~SHORT | TEXT)


def round_robin(history: History, conversations: int, count: int) -> int:
    """Play conversations by turns; return how many turns did not find their predecessor."""
    heads = [Items([item(f"{n}")]) for n in range(conversations)]
    lost = number = 0
    for turn in range(count):
        for n, head in enumerate(heads):
            number += 1
            made = grown(number, head, f"key-{n}")
            match = history.predecessor(made)
            lost += turn > 0 and (match is None or match.shared_items != len(head) - 2)
            made.outputs = (reply(f"{n} answer {turn}"),)
            history.add(made, match)
            heads[n] = head.followed_by([reply(f"{n} answer {turn}"), item(f"{n} question {turn}")])
    return lost


def test_many_conversations_stay_within_the_bound_and_each_finds_its_predecessor() -> None:
    """40 conversations of 50 turns, and a 200th of the memory that is there for 8,000 of them."""
    limit = HISTORY_BYTES // 200
    gc.collect()
    tracemalloc.start()
    try:
        history = History(limit)
        lost = round_robin(history, 40, 50)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert lost == 0
    assert used <= history.size <= limit
    assert len(history) < 40 * 50


def test_the_oldest_conversations_are_forgotten_first() -> None:
    history = History(100_000)
    round_robin(history, 50, 1)
    known = [history.predecessor(grown(99, Items([item(f"{n}"), item("x")]), f"key-{n}")) for n in range(50)]
    kept = [match is not None for match in known]

    assert 5 < sum(kept) < 45
    assert kept == sorted(kept)


def test_an_extended_turn_is_forgotten_before_the_last_one_of_another_conversation() -> None:
    history = remembering(record(1, [user("other")], at=0.0), limit=30_000)
    for number in range(2, 20):
        one = record(number, conversation(*"abcdefghijklmnopqrstuvwxyz"[:number]), at=10.0 * number)
        history.add(one, history.predecessor(one))

    assert len(history) < 10
    assert found(history, now([user("other"), user("x")])) == (1, 1)


def test_instructions_that_change_on_each_turn_are_counted() -> None:
    history = History(300_000)
    for number in range(1, 40):
        body: Object = {"instructions": f"{number} " + "i" * 200_000}
        history.add(record(number, [user(str(number))], at=10.0 * number, body=body), None)

    assert len(history) < 14
    assert history.size <= 300_000


def test_finding_a_predecessor_stays_fast_in_a_long_history() -> None:
    """A history of 1,000 items takes no more than some times as long as one of 10."""

    def seconds(length: int) -> float:
        history, items = History(), Items([item(str(n)) for n in range(length)])
        for number in range(1, 60):
            made = grown(number, items, "k")
            history.add(made, history.predecessor(made))
            items = items.followed_by([item(f"a{number}"), item(f"q{number}")])
        last = grown(99, items, "k")
        took = []
        for _ in range(20):
            start = time.perf_counter()
            history.predecessor(last)
            took.append(time.perf_counter() - start)
        return min(took)

    assert seconds(1000) < 5 * seconds(10)
