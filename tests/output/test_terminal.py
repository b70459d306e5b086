"""One line a turn: aligned, quiet where all is well, with the reason where it is not."""

import pytest
from codexcache.output.terminal import turn_line
from support.diagnoses import Harness
from support.turns import conversation

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


def test_a_handshake_that_was_refused_has_a_line_with_its_reason() -> None:
    harness = Harness()
    harness.refuse()

    assert lines(harness)[0].endswith("rejected       the WebSocket was refused with status 426 Upgrade Required")


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
