"""What the terminal and the console show: a line a turn, tables, the summary at the end, and how the addon is set."""

import sys
from dataclasses import replace

import pytest
from codexcache.body.json_splice import Json
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.output.tables import aligned, conversations_table, turns_table
from codexcache.output.terminal import Summary, changed_options, status_page, turn_line
from codexcache.text import local_clock
from support.diagnoses import Harness
from support.settings import DEFAULTS
from support.turn_summaries import COUNTERS, turn_summary, without
from support.turns import conversation, user

ITEMS = conversation("a", "b", "c")


def lines(harness: Harness, colour: bool = False) -> list[str]:
    return [turn_line(diagnosis, colour=colour) for diagnosis in harness.diagnoses]


def shown(line: str) -> list[str]:
    """Return the columns without the time."""
    return line[10:].split()


def test_a_healthy_conversation_gives_no_reasons_and_a_miss_gives_its_own() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1])
    harness.turn(input=ITEMS, given=12_345, cached=9_984)
    harness.turn(input=ITEMS, tools=[{"name": "shell"}])
    cold, hit, miss = lines(harness)

    assert shown(cold) == ["agent/1.0", "m", "10,000", "0%", "cold"]
    assert shown(hit) == ["agent/1.0", "m", "12,345", "81%", "hit"]
    assert miss.endswith("0%  miss: tools_changed  tool shell was added")


def test_columns_stand_below_each_other() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1], headers={"user-agent": "a" * 60}, model="m" * 60)
    harness.turn(input=ITEMS[:1], headers={}, given=1_234_567)
    harness.turn(input=ITEMS, given=12_345, cached=9_984)
    starts = {line.index("%") for line in lines(harness)}

    assert len(starts) == 1


@pytest.mark.parametrize("word", ["\x1b[31mred\x1b[0m", "\x9b31m", "a\nb", "é"])
def test_nothing_that_a_client_says_can_steer_the_terminal(word: str) -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1], headers={"user-agent": word})
    harness.turn(input=ITEMS, headers={"user-agent": word}, model=word, tools=[{"name": word}], service_tier=word)
    line = lines(harness)[1]

    assert line.isascii()
    assert line.isprintable()


def test_colours_are_only_there_where_they_are_wanted() -> None:
    harness = Harness()
    for items, cached in ((ITEMS[:1], 0), (ITEMS, 0), (ITEMS, 10_000)):
        harness.turn(input=items, cached=cached)
    colours = [line.partition("\x1b[")[2][:2] for line in lines(harness, colour=True)]

    assert colours == ["36", "35", "32"]
    assert "\x1b" not in "".join(lines(harness))


def test_a_turn_without_a_name_a_model_or_counters_has_dashes() -> None:
    """A made-up 0 % alarms people (openai/codex#43615)."""
    harness = Harness()
    harness.end(harness.send(input=ITEMS, headers={}, model=""), usage={})

    assert shown(lines(harness)[0])[:5] == ["-", "-", "n/a", "n/a", "no_usage"]


ITEMS = conversation(*"abcdefgh")


def summed(harness: Harness) -> list[str]:
    summary = Summary()
    for diagnosis in harness.diagnoses:
        summary.add(diagnosis)
    return summary.lines()


def grown(*counters: tuple[int, Json], **members: Json) -> Harness:
    """Have a conversation whose turns have these counters; after the first, with these members."""
    harness = Harness()
    for number, (given, cached) in enumerate(counters):
        harness.turn(given, cached, None, input=ITEMS[: 2 * number + 1], **(members if number else {}))
    return harness


def test_a_summary_of_many_turns_is_as_small_as_one_of_few() -> None:
    harness, summary = Harness(), Summary()
    harness.turn(input=ITEMS[:1], given=10_000, cached=0)
    [diagnosis] = harness.diagnoses
    summary.add(diagnosis)
    before = sys.getallocatedblocks()
    for number in range(10_000):
        diagnosis.record.number = diagnosis.record.conversation = number
        summary.add(diagnosis)

    assert sys.getallocatedblocks() - before < 1_000
    assert summary.lines()[0] == "10,001 turns in 10,001 conversations"


def with_verdict(diagnosis: Diagnosis, name: str, resent: int, blame: str) -> Diagnosis:
    return replace(diagnosis, verdict=replace(diagnosis.verdict, name=name, resent=resent, blame=blame))


def test_what_was_re_sent_is_told_by_blame_and_by_cause() -> None:
    diagnosis = grown((10_000, 0)).diagnoses[0]
    summary = Summary()
    for cause in (
        ("upstream", 20_000, "outside"),
        ("model_changed", 500, "expected"),
        ("model_changed", 900, "outside"),
        ("tools_changed", 30_000, "avoidable"),
        ("hit", 0, ""),
    ):
        summary.add(with_verdict(diagnosis, *cause))

    assert summary.lines()[2] == "51,400 tokens re-sent: 30,000 avoidable, 500 expected, 20,900 outside"
    assert [line.split() for line in summary.lines()[4:]] == [
        ["verdict", "turns", "re-sent"],
        ["tools_changed", "1", "30,000", "avoidable"],
        ["upstream", "1", "20,000", "outside"],
        ["model_changed", "1", "900", "outside"],
        ["model_changed", "1", "500", "expected"],
        ["hit", "1"],
    ]


def test_the_miss_that_re_sent_the_most_is_told_with_its_reason() -> None:
    first, second = grown((10_000, 0), (20_000, 10_000)).diagnoses
    small = replace(first.verdict, name="idle", resent=500, because="10 minutes had passed")
    large = replace(second.verdict, name="tools_changed", resent=9_000, because="tool shell was edited")
    summary = Summary()
    summary.add(replace(first, verdict=small))
    summary.add(replace(second, verdict=large))

    at = local_clock(second.record.sent_at)
    assert summary.lines()[3] == f"the most at {at}, tools_changed: tool shell was edited"


def test_a_hit_that_re_sent_a_little_is_no_miss_to_name() -> None:
    [diagnosis] = grown((10_000, 0)).diagnoses
    summary = Summary()
    summary.add(replace(diagnosis, verdict=replace(diagnosis.verdict, name="hit", resent=40)))

    assert not any(line.startswith("the most at") for line in summary.lines())


def test_where_nothing_was_re_sent_no_line_says_so() -> None:
    assert summed(grown((10_000, 0), (20_000, 10_000)))[3].split() == ["verdict", "turns", "re-sent"]


def test_a_short_session_without_a_miss_is_told_so() -> None:
    """Its share is low because of the turns that begin something, and is no fault of anything."""
    assert summed(grown((10_000, 0), (20_000, 10_000)))[:3] == [
        "2 turns in 1 conversation",
        "33.3% of 30,000 input tokens were read from the prompt cache",
        "no miss: 1 read what an earlier turn had left in the cache, 1 began something new, of which nothing can have "
        "been cached",
    ]
    assert not any("no miss" in line for line in summed(grown((10_000, 0), (20_000, 0))))


def test_a_warm_up_is_no_turn_and_the_conversation_behind_it_is_one() -> None:
    """It is counted when its first turn comes, and a warm-up within one begins no other."""
    harness, summary = grown((900, 0), (10_000, 0), (20_000, 10_000)), Summary()
    for number, diagnosis in enumerate(harness.diagnoses):
        diagnosis.record.warm_up = number != 1
        summary.add(diagnosis)

    assert summary.lines()[0] == "1 turn in 1 conversation"
    assert summary.lines()[1].startswith("0.0% of 10,000 input tokens")


def test_a_turn_without_counters_is_no_zero() -> None:
    harness = grown((10_000, 5_000), (20_000, None))
    harness.end(harness.send(input=ITEMS[:3]), usage={})

    assert summed(harness)[1].startswith("50.0% of 10,000 input tokens")
    assert Summary().lines() == ["0 turns in 0 conversations", "no turn reported its usage"]


def test_tiny_turns_do_not_pull_the_median_down() -> None:
    """They cannot be cached at all (holaboss-ai/holaOS#549)."""
    harness = Harness()
    for number in range(3):
        harness.turn(input=[user(f"tiny {number}")], given=100)
    for _ in range(5):
        harness.turn(input=ITEMS[:1], given=10_000, cached=9_000)

    assert summed(harness)[1] == "89.5% of 50,300 input tokens were read from the prompt cache (median turn 90.0%)"


def test_names_are_shown_with_their_lines() -> None:
    """What has none says so."""
    assert status_page("Title", {"mode": ["fill"], "seen": ["one", "two"], "faults": []}) == (
        "Title\nmode      fill\nseen      one\n          two\nfaults    none"
    )
    lines = status_page("Title", {"warnings": ["it goes on"]}, 17).split("\n")
    assert lines == ["Title", "warnings  it goes", "          on"]


def test_only_options_that_differ_are_listed() -> None:
    assert changed_options(DEFAULTS | {"codex_mode": "pin"}) == ["codex_mode=pin"]


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


def test_a_warm_up_is_listed_and_no_turn_of_a_conversation() -> None:
    warm_up = turn_summary(verdict="warm_up", warm_up=True, is_miss=False)

    assert len(turns_table([MISS, warm_up])) == 3
    assert conversations_table([MISS, warm_up]) == conversations_table([MISS])


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
        ["myagent/1.2,", "first", "words", "not", "seen"],
    ]


@pytest.mark.parametrize("width", [62, 200])
def test_a_conversation_is_listed_with_its_client_and_the_length_of_its_first_words(width: int) -> None:
    """Its fingerprint tells nobody which it is. A warm-up, which is not counted, can hold the first words."""
    ahead = turn_summary(turn=1, sent_at=1.0, warm_up=True, first_words_length=1_204)
    rows = [row[0] for row in aligned(conversations_table([ahead, HIT, MISS]), width)]

    assert rows[-1].endswith("myagent/1.2, first words: 1,204 characters")
    assert rows[1].split()[:3] == ["c0ffee000001", "gpt-5.5", "2"]


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
