"""A page of a crowded tail tells unchanged, edited, dropped and new items apart, with counts and places."""

from typing import Any

from codexcache.body.json_splice import Json
from codexcache.output.prompt_parts import prompt_parts
from codexcache.output.turn_page import bar_lines, parts_of
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.records import match, record
from support.turns import said, user


def output(number: int, text: str) -> Json:
    return {"type": "function_call_output", "call_id": f"call_{number}", "output": text}


def call(number: int) -> Json:
    return {"type": "function_call", "call_id": f"call_{number}", "name": "shell", "arguments": "{}"}


def parts(was: list[Json], now: list[Json]) -> list[tuple[str, str]]:
    """Return the names and states of the items' parts."""
    first, second = record(1, was), record(2, now)
    given: list[Any] = [*prompt_parts(second, match(second, first), ())]
    return [(name, state) for name, _, state in given[2:]]


def steps(count: int) -> list[Json]:
    return [item for number in range(count) for item in (call(number), output(number, "printed " * 40))]


WAS = [user("one"), *steps(3), said("assistant", "an answer"), user("two")]


def test_what_follows_the_first_difference_is_told_by_what_was_done_to_it() -> None:
    now = [*WAS[:2], output(0, "[cleared]"), WAS[3], output(1, "[cleared]"), *WAS[5:7], WAS[8], user("new"), user("x")]

    assert parts(WAS, now) == [
        ("input[0] to input[1], 2 items", "same"),
        ("input[2] tool output, shortened", "changed"),
        ("input[3] tool call", "same"),
        ("input[4] tool output", "shortened"),
        ("input[5] to input[6], 2 items", "same"),
        ("was input[7] assistant message", "dropped"),
        ("input[7] user message", "same"),
        ("input[8] to input[9], 2 items", "new"),
    ]


def test_history_that_was_cut_is_shown_where_it_had_stood() -> None:
    assert parts(WAS, [*WAS[:3], user("other")]) == [
        ("input[0] to input[2], 3 items", "same"),
        ("was input[3] to input[8], 6 items", "dropped"),
        ("input[3] user message", "new"),
    ]


def test_an_item_that_moved_or_was_inserted_is_named_so() -> None:
    assert parts(WAS, [user("zero"), *WAS, user("new")]) == [
        ("input[0] user message, inserted", "changed"),
        ("input[1] to input[9], 9 items", "same"),
        ("input[10] user message", "new"),
    ]
    assert parts(WAS, [*WAS[1:3], WAS[0], *WAS[3:]]) == [
        ("was input[0] user message", "moved away"),
        ("input[0] to input[1], 2 items", "same"),
        ("input[2] user message", "moved"),
        ("input[3] to input[8], 6 items", "same"),
    ]


def test_of_very_many_runs_the_last_are_summed_up() -> None:
    was = [user("one"), *steps(40)]
    shown = parts(was, [output(n, "[cleared]") if n % 2 == 0 and n else item for n, item in enumerate(was)])

    assert len(shown) == 18
    assert shown[-2:] == [("32 more items", "same"), ("32 more items", "shortened")]


@prop
@given(st.data())
def test_all_items_are_in_the_parts_and_no_line_is_too_long(data: st.DataObject) -> None:
    was = [user(f"{n} ") for n in range(data.draw(st.integers(0, 9)))]
    now = [*data.draw(st.lists(st.sampled_from(was), max_size=9) if was else st.just([])), user("new")]
    first, second = record(1, was), record(2, now)
    found = [*prompt_parts(second, match(second, first), ())]

    sizes: list[Any] = [(size, state) for _, size, state in found]  # type: ignore[misc,str-unpack]
    assert sum(size for size, state in sizes if state not in ("dropped", "moved away")) == second.prompt.size
    assert max(map(len, bar_lines(parts_of(found), 76))) <= 76
