"""The conversations that are drawn: which they are, and their turns in the order of time."""

import json

import pytest
from codexcache.body.json_splice import Object
from codexcache.report.aggregate import ReportData
from codexcache.report.conversations import Conversation, ReportTurn, put_together
from support.journals import entry, lines, long_journal
from support.reported import conversations, miss, reported, rows_of


def last_of(*entries: Object) -> ReportTurn:
    """Return the last turn of a journal with one conversation."""
    [conversation] = conversations(*entries)
    return conversation.turns[-1]


def test_a_conversation_goes_on_over_restarts() -> None:
    [found] = conversations(entry(1, run="b"), miss(reusable_tokens=4_500, cached=500))

    assert (found.totals.name, len(found.turns), found.totals.resent) == ("cccccccccccc", 2, 4_000)


def test_what_is_neither_read_nor_re_sent_is_new() -> None:
    turn = last_of(miss(cached=2_000, resent_tokens=8_000))

    assert (turn.row.cached, turn.row.resent, turn.fresh) == (2_000, 8_000, 2_000)
    assert turn.is_counted
    assert not last_of(entry(1, given=None)).is_counted
    assert not last_of(entry(1, cached=None)).is_counted


def test_a_gap_begins_when_all_turns_before_have_ended() -> None:
    [conversation] = conversations(
        entry(1, at=0, duration_ms=100_000),
        entry(2, at=10, duration_ms=1_000),
        entry(3, at=400, duration_ms=None),
        entry(4, at=400),
    )

    assert [turn.gap for turn in conversation.turns] == [None, 0.0, 300.0, 0.0]


def test_turns_are_in_the_order_of_time() -> None:
    [conversation] = conversations(entry(2, at=5), entry(3, at=9), entry(1, at=5))

    assert [turn.row.turn for turn in conversation.turns] == [1, 2, 3]


def test_those_that_re_sent_the_most_come_first_and_then_the_largest() -> None:
    found = conversations(
        entry(1, conversation="small", given=10),
        entry(2, conversation="large", given=900_000),
        entry(3, conversation="dear", given=8_000, reusable_tokens=5_000, verdict="upstream"),
    )

    assert [(each.totals.name, each.totals.resent, each.totals.input) for each in found] == [
        ("dear", 5_000, 8_000),
        ("large", 0, 900_000),
        ("small", 0, 10),
    ]


def drawn(report_data: ReportData, turns: int) -> list[Conversation]:
    return put_together(report_data, most=2, turns=turns)


def test_only_the_last_turns_of_the_heaviest_are_drawn_and_the_others_counted() -> None:
    """The gap before the first one that is drawn counts from the end of those that are not."""
    report_data = reported(
        *(entry(number, at=number * 100, conversation="long", given=9_000) for number in range(1, 51)),
        *(entry(number, at=number, conversation="short", given=7_000) for number in range(51, 54)),
        entry(60, conversation="unlisted", given=10),
    )
    long, short = drawn(report_data, turns=3)

    assert ([turn.row.turn for turn in long.turns], long.left_out) == ([48, 49, 50], 47)
    assert ([turn.gap for turn in long.turns], short.turns, short.left_out) == ([95.0, 95.0, 95.0], (), 3)
    assert [len(each.turns) for each in drawn(report_data, turns=52)] == [50, 2]


def test_a_turn_that_two_journals_tell_of_is_drawn_once() -> None:
    twice = reported(*[entry(1), entry(2)] * 2)

    assert [row.turn for row in rows_of(twice)] == [1, 2]


def test_a_conversation_is_found_again_however_its_line_is_spelled() -> None:
    """With spaces, escapes, a name that does not print or is too long, and with words that only look like another."""
    report_data = reported(entry(1, conversation="a\u202eb"), entry(2, conversation="x" * 500))
    spaced = json.dumps(entry(3, conversation="c", because='"conversation": "d"'), separators=(" , ", " : "))
    report_data.add_lines([spaced.encode()])
    report_data.add_lines([lines([entry(4, conversation="cat")]).replace(b'"cat"', b'"c\\u0061t"')])

    assert sorted(row.turn for row in rows_of(report_data)) == [1, 2, 3, 4]


@pytest.mark.parametrize("first", [b'"cut"', b'"c\\u0075t"', b"7"])
@pytest.mark.parametrize("last", ["c", "caf\u00e9"])
def test_of_a_line_that_names_two_conversations_the_last_one_counts(first: bytes, last: str) -> None:
    """As where a line was cut, and the next one written behind it."""
    report_data = reported(entry(1, conversation="d"))
    report_data.add_lines([lines([entry(2, conversation=last)]).replace(b"{", b'{"conversation":%b,' % first, 1)])

    assert sorted(row.turn for row in rows_of(report_data)) == [1, 2]


def test_a_warm_up_is_not_drawn() -> None:
    report_data = reported(entry(1, warm_up=True, verdict="warm_up", cached=0), entry(2))

    assert [row.turn for row in rows_of(report_data)] == [2]
    assert (report_data.turns, report_data.warm_ups) == (1, 1)


def test_the_order_of_the_lines_does_not_matter() -> None:
    entries = long_journal(600)
    one, other = conversations(*entries), conversations(*entries[300:], *reversed(entries[:300]))

    assert {each.totals.name: each.turns for each in one} == {each.totals.name: each.turns for each in other}
