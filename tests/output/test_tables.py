"""Tables of turns and conversations."""

from codexcache.output.tables import aligned, conversations_table, turns_table
from support.turn_summaries import COUNTERS, turn_summary, without

HIT = turn_summary(turn=6, sent_at=1000.0, verdict="hit", is_miss=False, because="all was read", resent_tokens=0)
MISS = turn_summary()


def test_turns_are_listed_in_the_order_of_time() -> None:
    """With the reason where there is one to tell."""
    names, *rows = turns_table([MISS, HIT])

    assert names == ["turn", "time", "client", "model", "input", "cached", "share", "verdict", "because"]
    assert [[row[0], *row[2:]] for row in rows] == [
        ["6", "myagent/1.2", "gpt-5.5", "9,409", "1,024", "11%", "hit", ""],
        ["7", "myagent/1.2", "gpt-5.5", "9,409", "1,024", "11%", "miss: tools_changed", "tool shell was edited"],
    ]


def test_a_turn_without_counters_has_none_and_lowers_no_share() -> None:
    """In its conversation it is counted among the turns, its tokens are not."""
    row = conversations_table([MISS, without(*COUNTERS, "resent_tokens")])[1]

    assert row[2:8] == ["2", "2", "9,409", "1,024", "11%", "5,956"]
    for table in (turns_table, conversations_table):
        assert table([without(*COUNTERS)])[1][4:7] == ["n/a", "n/a", "n/a"]


def test_conversations_are_summed_up() -> None:
    other = turn_summary(conversation="c0ffee000002", sent_at=2000.0)
    names, *rows = conversations_table([other, MISS, HIT])

    assert names[:8] == ["conversation", "model", "turns", "missed", "input", "cached", "share", "re-sent"]
    assert [row[:8] for row in rows] == [
        ["c0ffee000001", "gpt-5.5", "2", "1", "18,818", "2,048", "11%", "5,956"],
        ["c0ffee000002", "gpt-5.5", "1", "1", "9,409", "1,024", "11%", "5,956"],
    ]
    assert rows[0][8].endswith(" miss: tools_changed")


def test_a_handshake_that_was_refused_is_listed_and_of_no_conversation() -> None:
    refused = turn_summary(endpoint="handshake", conversation=None, verdict="rejected", is_miss=False)

    assert len(turns_table([MISS, refused])) == 3
    assert conversations_table([MISS, refused]) == conversations_table([MISS])


def test_an_aligned_table_has_rows_of_one_cell() -> None:
    assert aligned([["name", "input", "share"], ["a", "1,204", "n/a"], ["bcd efg", "7", "11%"]], 60) == [
        ["name     input  share"],
        ["a        1,204    n/a"],
        ["bcd efg      7    11%"],
    ]


def test_where_reasons_do_not_fit_they_stand_below_their_turns() -> None:
    rows = aligned(turns_table([HIT, MISS]), 90)

    assert [row[0].split()[0] for row in rows] == ["turn", "6", "7", "tool"]
    assert rows[0] == ["turn  time      client       model    input  cached  share  verdict"]
    assert rows[3] == ["      tool shell was edited"]


def test_in_a_narrow_table_the_columns_that_can_be_spared_give_way_one_after_the_other() -> None:
    names = [aligned(turns_table([HIT, MISS]), width)[0][0].split() for width in (78, 65, 57, 20)]

    assert names == [
        ["turn", "time", "model", "input", "cached", "share", "verdict"],
        ["turn", "time", "model", "input", "share", "verdict"],
        ["turn", "time", "input", "share", "verdict"],
        ["turn", "time", "input", "share", "verdict"],
    ]
    assert [row[0].split() for row in aligned(conversations_table([HIT, MISS]), 59)] == [
        ["conversation", "turns", "missed", "input", "share", "re-sent"],
        ["c0ffee000001", "2", "1", "18,818", "11%", "5,956"],
    ]


def test_no_cell_is_a_formula_to_a_spreadsheet_or_steers_a_terminal() -> None:
    """mitmproxy's console can save a table for one."""
    strange = turn_summary(turn="=1+1", client="@SUM(1)", model="+1", because="-1+1", conversation="=2")
    [_, turn], [_, conversation] = turns_table([strange]), conversations_table([strange])

    hostile = turns_table([turn_summary(model="\x1b[2J", client="\x07", because="\u202e")])
    assert all(cell.isprintable() for row in hostile for cell in row)
    assert [turn[0], turn[2], turn[3], turn[8]] == ["'=1+1", "'@SUM(1)", "'+1", "'-1+1"]
    assert conversation[:2] == ["'=2", "'+1"]


def test_odd_numbers_and_giant_words_have_a_row() -> None:
    strange = turn_summary(sent_at=1e300, resent_tokens=float("inf"), because="x" * 10**6)

    assert turns_table([strange])[1][1] == "n/a"
    assert conversations_table([strange])[1][7] == "0"
    assert len(turns_table([strange])[1][8]) == 400
