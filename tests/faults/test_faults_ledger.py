"""What is due in the journal, and what stands there."""

import orjson
from codex_faults.ledger import Ledger, read
from codexcache.output.journal import Pseudonyms

PRINTS = Pseudonyms(b"s" * 32)


def line(key: str, verdict: str = "hit") -> bytes:
    """Returns a line of a journal."""
    return orjson.dumps({"key": PRINTS.of("key", key), "verdict": verdict})


def problems(ledger: Ledger, *lines: bytes) -> list[str]:
    """Returns what is wrong with a journal of these lines."""
    return list(ledger.problems(read(lines), PRINTS))


def test_a_turn_that_is_told_once_is_as_it_should_be() -> None:
    ledger = Ledger()
    ledger.expect("a", 1, "hit", "cold")

    assert problems(ledger, line("a"), line("another")) == []


def test_a_turn_that_is_told_twice_or_never_is_found_out() -> None:
    ledger = Ledger()
    ledger.expect("a", 1)

    assert problems(ledger, line("a"), line("a")) == ["a is in the journal 2 times instead of 1"]
    assert problems(ledger) == ["a is in the journal 0 times instead of 1"]


def test_a_turn_that_was_not_sent_must_not_be_told() -> None:
    ledger = Ledger()
    ledger.expect("a", 0)

    assert problems(ledger, line("a")) == ["a is in the journal 1 times instead of 0"]


def test_a_verdict_that_is_not_due_is_found_out() -> None:
    ledger = Ledger()
    ledger.expect("a", 2, "no_usage")

    assert problems(ledger, line("a", "hit"), line("a", "no_usage")) == ["a was told as hit, no_usage"]


def test_without_verdicts_any_will_do() -> None:
    ledger = Ledger()
    ledger.expect("a", 2)

    assert problems(ledger, line("a", "hit"), line("a", "cold")) == []


def test_verdicts_are_counted_for_the_turns_that_are_due() -> None:
    ledger = Ledger()
    ledger.expect("a", 2)

    assert ledger.told(read([line("a"), line("a"), line("b")]), PRINTS) == {"hit": 2}


def test_lines_that_are_no_entries_are_counted() -> None:
    assert read([line("a"), b'{"key":"x"', b"[]", b'{"verdict":"hit"}']).torn == 3
