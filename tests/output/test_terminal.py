"""What mitmdump's terminal shows: a line a turn, the summary at the end, and how the addon is set."""

import sys

import pytest
from codexcache.body.json_splice import Json
from codexcache.output.terminal import Summary, changed_options, status_page, turn_line
from support.diagnoses import Harness
from support.settings import DEFAULTS
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


def test_causes_are_ranked_by_what_was_sent_again() -> None:
    harness = grown((10_000, 0), (20_000, 0), (70_000, 0), (80_000, 70_000), tools=[{"name": "t"}])

    assert [line.split() for line in summed(harness)[2:]] == [
        ["verdict", "turns", "sent", "again"],
        ["upstream", "1", "20,000"],
        ["tools_changed", "1", "10,000"],
        ["cold", "1"],
        ["hit", "1"],
    ]


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
    harness.turn(input=ITEMS[:1], given=10_000, cached=9_000)

    assert summed(harness)[1] == "87.4% of 10,300 input tokens were read from the prompt cache (median turn 90.0%)"


def test_a_rebuild_after_compaction_is_expected() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:3])
    harness.turn(input=[ITEMS[0], {"type": "compaction", "encrypted_content": "x"}])

    assert summed(harness)[3].startswith("context_compacted (expected)")


def test_names_are_shown_with_their_lines() -> None:
    """What has none says so."""
    assert status_page("Title", {"mode": ["fill"], "seen": ["one", "two"], "faults": []}) == (
        "Title\nmode      fill\nseen      one\n          two\nfaults    none"
    )
    lines = status_page("Title", {"warnings": ["it goes on"]}, 17).split("\n")
    assert lines == ["Title", "warnings  it goes", "          on"]


def test_only_options_that_differ_are_listed() -> None:
    assert changed_options(DEFAULTS | {"codex_mode": "pin"}) == ["codex_mode=pin"]
