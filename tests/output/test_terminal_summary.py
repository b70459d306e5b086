"""What many turns come to."""

import sys

from codexcache.output.terminal import Summary
from support.diagnoses import Clerk
from support.turns import conversation, user

TALK = conversation(*"abcdefgh")


def summed(clerk: Clerk) -> list[str]:
    summary = Summary()
    for diagnosis in clerk.diagnoses:
        summary.add(diagnosis)
    return summary.lines()


def test_nothing_comes_to_nothing() -> None:
    assert Summary().lines() == ["0 turns in 0 conversations", "no turn reported its usage"]


def test_a_summary_of_many_turns_is_as_small_as_one_of_few() -> None:
    clerk, summary = Clerk(), Summary()
    clerk.turn(input=TALK[:1], given=10_000, cached=0)
    [diagnosis] = clerk.diagnoses
    summary.add(diagnosis)
    before = sys.getallocatedblocks()
    for number in range(10_000):
        diagnosis.record.number = diagnosis.record.conversation = number
        summary.add(diagnosis)

    assert sys.getallocatedblocks() - before < 1_000
    assert summary.lines()[0] == "10,001 turns in 10,001 conversations"


def test_rates_are_weighted_by_tokens_and_by_turns() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1], given=10_000, cached=0)
    clerk.turn(input=TALK[:3], given=20_000, cached=10_000)
    clerk.turn(input=TALK[:5], given=70_000, cached=20_000)

    assert summed(clerk)[:2] == [
        "3 turns in 1 conversation",
        "30.0% of 100,000 input tokens were read from the prompt cache (median turn 28.6%)",
    ]


def test_causes_are_ranked_by_what_was_sent_again() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1], given=10_000)
    clerk.turn(input=TALK[:3], given=20_000, tools=[{"name": "t"}])
    clerk.turn(input=TALK[:5], given=70_000, tools=[{"name": "t"}])
    clerk.turn(input=TALK[:7], given=80_000, cached=70_000, tools=[{"name": "t"}])

    assert [line.split() for line in summed(clerk)[2:]] == [
        ["verdict", "turns", "sent", "again"],
        ["upstream", "1", "20,000"],
        ["tools_changed", "1", "10,000"],
        ["cold", "1"],
        ["hit", "1"],
    ]


def test_a_turn_without_counters_is_no_zero() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1], given=10_000, cached=5_000)
    clerk.end(clerk.send(input=TALK[:3]), usage={})
    clerk.turn(input=TALK[:3], given=20_000, cached=None)

    assert summed(clerk)[1].startswith("50.0% of 10,000 input tokens")


def test_tiny_turns_do_not_pull_the_median_down() -> None:
    """They cannot be cached at all (holaboss-ai/holaOS#549)."""
    clerk = Clerk()
    for number in range(3):
        clerk.turn(input=[user(f"tiny {number}")], given=100)
    clerk.turn(input=TALK[:1], given=10_000, cached=9_000)

    assert summed(clerk)[1] == "87.4% of 10,300 input tokens were read from the prompt cache (median turn 90.0%)"


def test_a_rebuild_after_compaction_is_expected() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:3])
    clerk.turn(input=[TALK[0], {"type": "compaction", "encrypted_content": "x"}])

    assert summed(clerk)[3].startswith("context_compacted (expected)")


def test_a_handshake_that_was_refused_is_no_turn() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1], given=10_000, cached=9_000)
    clerk.refuse()

    assert summed(clerk)[0] == "1 turn in 1 conversation"
    assert not any("rejected" in line for line in summed(clerk))
