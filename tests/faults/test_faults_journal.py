"""What is expected in the journal, and what is there."""

import orjson
from codex_faults.journal import Expected, read
from codexcache.output.journal import Pseudonyms

PRINTS = Pseudonyms(b"s" * 32)


def line(key: str, verdict: str = "hit") -> bytes:
    """Return a line of a journal."""
    return orjson.dumps({"key": PRINTS.of("key", key), "verdict": verdict})


def problems(expected: Expected, *lines: bytes) -> list[str]:
    """Return what is wrong with a journal of these lines."""
    return list(expected.problems(read(lines), PRINTS))


def test_a_turn_that_is_told_once_is_as_it_should_be() -> None:
    expected = Expected()
    expected.add("a", 1, "hit", "cold")

    assert problems(expected, line("a"), line("another")) == []


def test_a_turn_that_is_told_twice_or_never_is_found_out() -> None:
    expected = Expected()
    expected.add("a", 1)

    assert problems(expected, line("a"), line("a")) == ["a is in the journal 2 times instead of 1"]
    assert problems(expected) == ["a is in the journal 0 times instead of 1"]


def test_a_turn_that_was_not_sent_must_not_be_told() -> None:
    expected = Expected()
    expected.add("a", 0)

    assert problems(expected, line("a")) == ["a is in the journal 1 times instead of 0"]


def test_a_verdict_that_is_not_allowed_is_found_out() -> None:
    expected = Expected()
    expected.add("a", 2, "no_usage")

    assert problems(expected, line("a", "hit"), line("a", "no_usage")) == ["a was told as hit, no_usage"]


def test_without_verdicts_any_will_do() -> None:
    expected = Expected()
    expected.add("a", 2)

    assert problems(expected, line("a", "hit"), line("a", "cold")) == []


def test_verdicts_are_counted_for_the_turns_that_are_expected() -> None:
    expected = Expected()
    expected.add("a", 2)

    assert expected.verdicts(read([line("a"), line("a"), line("b")]), PRINTS) == {"hit": 2}


def test_lines_that_are_no_entries_are_counted() -> None:
    assert read([line("a"), b'{"key":"x"', b"[]", b'{"verdict":"hit"}']).torn == 3
