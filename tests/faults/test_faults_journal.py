"""What is expected in the journal, and what is there."""

import orjson
import pytest
from codex_faults.fault_run import Expected, Journal
from codexcache.output.journal import Pseudonyms

PSEUDONYMS = Pseudonyms(b"s" * 32)


def journal(*turns: tuple[str, str]) -> Journal:
    """Return a journal of turns with these keys and verdicts."""
    return Journal(orjson.dumps({"key": PSEUDONYMS.of("key", key), "verdict": verdict}) for key, verdict in turns)


@pytest.mark.parametrize(
    ("entries", "allowed", "verdicts", "problem"),
    [
        (1, ("hit", "cold"), ["hit"], None),
        (2, (), ["hit", "cold"], None),
        (1, (), ["hit", "hit"], "a is in the journal 2 times instead of 1"),
        (1, (), [], "a is in the journal 0 times instead of 1"),
        (0, (), ["hit"], "a is in the journal 1 times instead of 0"),
        (2, ("no_usage",), ["hit", "no_usage"], "a was told as hit, no_usage"),
    ],
)
def test_each_turn_is_there_as_often_as_expected_with_a_verdict_that_is_allowed(
    entries: int, allowed: tuple[str, ...], verdicts: list[str], problem: str | None
) -> None:
    expected = Expected()
    expected.add("a", entries, *allowed)
    written = journal(("another", "miss"), *(("a", verdict) for verdict in verdicts))

    assert list(expected.problems(written, PSEUDONYMS)) == ([problem] if problem else [])


def test_verdicts_are_counted_for_the_turns_that_are_expected() -> None:
    expected = Expected()
    expected.add("a", 2)

    assert expected.verdicts(journal(("a", "hit"), ("a", "hit"), ("b", "hit")), PSEUDONYMS) == {"hit": 2}


def test_lines_that_are_no_entries_are_counted() -> None:
    assert Journal([b'{"key":"x","verdict":"hit"}', b'{"key":"x"', b"[]", b'{"verdict":"hit"}']).torn == 3
