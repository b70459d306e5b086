"""What many turns come to."""

import sys

from codexcache.body.json_splice import Json
from codexcache.output.terminal import Summary
from support.diagnoses import Harness
from support.turns import conversation, user

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


def test_rates_are_weighted_by_tokens_and_by_turns() -> None:
    assert summed(grown((10_000, 0), (20_000, 10_000), (70_000, 20_000)))[:2] == [
        "3 turns in 1 conversation",
        "30.0% of 100,000 input tokens were read from the prompt cache (median turn 28.6%)",
    ]


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


def test_a_handshake_that_was_refused_is_no_turn() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1], given=10_000, cached=9_000)
    harness.refuse()

    assert summed(harness)[0] == "1 turn in 1 conversation"
    assert not any("rejected" in line for line in summed(harness))
