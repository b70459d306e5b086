"""One line a turn: aligned, quiet where all is well, with the reason where it is not."""

import pytest
from codexcache.output.terminal import turn_line
from support.diagnoses import Clerk
from support.turns import conversation

TALK = conversation("a", "b", "c")


def lines(clerk: Clerk, colour: bool = False) -> list[str]:
    return [turn_line(diagnosis, colour=colour) for diagnosis in clerk.diagnoses]


def shown(line: str) -> list[str]:
    """Return the columns without the time."""
    return line[10:].split()


def test_a_healthy_conversation_gives_no_reasons() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1])
    clerk.turn(input=TALK, given=12_345, cached=9_984)

    assert [shown(line) for line in lines(clerk)] == [
        ["agent/1.0", "m", "10,000", "0%", "cold"],
        ["agent/1.0", "m", "12,345", "81%", "hit"],
    ]


def test_a_miss_gives_its_reason() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1])
    clerk.turn(input=TALK, tools=[{"name": "shell"}])

    assert lines(clerk)[1].endswith("0%  miss: tools_changed  tool shell was added")


def test_a_turn_without_counters_says_so() -> None:
    """A made-up 0 % alarms people (openai/codex#43615)."""
    clerk = Clerk()
    clerk.end(clerk.send(input=TALK), usage={})

    assert shown(lines(clerk)[0])[2:5] == ["n/a", "n/a", "no_usage"]


def test_a_handshake_that_was_refused_has_a_line_with_its_reason() -> None:
    clerk = Clerk()
    clerk.refuse()

    assert lines(clerk)[0].endswith("rejected       the WebSocket was refused with status 426 Upgrade Required")


def test_columns_stand_below_each_other() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1], headers={"user-agent": "a" * 60}, model="m" * 60)
    clerk.turn(input=TALK[:1], headers={}, given=1_234_567)
    clerk.turn(input=TALK, given=12_345, cached=9_984)
    starts = {line.index("%") for line in lines(clerk)}

    assert len(starts) == 1


@pytest.mark.parametrize("word", ["\x1b[31mred\x1b[0m", "\x9b31m", "a\nb", "é"])
def test_nothing_that_a_client_says_can_steer_the_terminal(word: str) -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1], headers={"user-agent": word})
    clerk.turn(input=TALK, headers={"user-agent": word}, model=word, tools=[{"name": word}], service_tier=word)
    line = lines(clerk)[1]

    assert line.isascii()
    assert line.isprintable()


def test_colours_are_only_there_where_they_are_wanted() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1])
    clerk.turn(input=TALK, cached=0)
    clerk.turn(input=TALK, cached=10_000)
    colours = [line.partition("\x1b[")[2][:2] for line in lines(clerk, colour=True)]

    assert colours == ["36", "35", "32"]
    assert "\x1b" not in "".join(lines(clerk))


def test_a_turn_without_a_name_or_model_has_dashes() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK, headers={}, model="")

    assert shown(lines(clerk)[0])[:2] == ["-", "-"]
