"""What the journal ought to say of each turn of a conversation."""

from itertools import pairwise

from client_tests.scenes import Turn

BEGINNING = {"cold", "below_minimum"}


def assert_sensible(turns: list[Turn]) -> None:
    """Each turn of one agent has a verdict that fits what came before it."""
    talk = [turn for turn in turns if turn.part != "keyless"]
    assert talk[0].entry["verdict"] in BEGINNING
    for before, turn in pairwise(talk):
        assert turn.entry["verdict"] in fitting(before, turn), turn.entry


def fitting(before: Turn, turn: Turn) -> set[str]:
    """Returns the verdicts that fit a turn that comes after another."""
    if turn.part == "warm-up":
        return BEGINNING
    if before.part == "warm-up" and not before.entry["gen_ai.usage.input_tokens"]:
        return {"below_minimum", "cold", "hit"}  # it read what another process, or its parent, had left there
    if before.part == "compaction":
        return {"context_compacted", "hit"}
    if turn.part == "compaction" and ("tools" in turn.sent.json) != ("tools" in before.sent.json):
        return {"tools_changed"}
    return {"hit"}
