"""A long journal is added up in parts, by several processes, and comes to the same as in one."""

from functools import partial
from pathlib import Path

import pytest
from codexcache.body.json_splice import Object
from codexcache.report.aggregate import REPEATED, ReportData
from codexcache.report.load import journal_lines
from codexcache.report.page import render
from codexcache.report.processes import add_journal
from support.journals import entry, lines, long_journal
from support.reported import miss

PART = 100_000


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of several parts."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(lines(long_journal(1_000)))
    assert path.stat().st_size > 5 * PART
    return path


def in_one(*paths: Path) -> ReportData:
    found = ReportData()
    for path in paths:
        found.add_source(partial(journal_lines, path))
    return found


def in_parts(*paths: Path, size: int = PART) -> ReportData:
    found = ReportData()
    for path in paths:
        add_journal(found, path, size)
    return found


@pytest.mark.parametrize("size", [PART, 7 * PART, 10**9])
def test_the_page_is_the_same_whatever_the_parts(journal: Path, size: int) -> None:
    assert render(in_parts(journal, size=size), "j") == render(in_one(journal), "j")


def test_a_journal_that_is_given_twice_counts_once(journal: Path) -> None:
    twice = in_parts(journal, journal)

    assert twice.skipped == {REPEATED: 1_000}
    assert twice.turns == 1_000
    assert (twice.totals.resent, twice.totals.input) == (in_one(journal).totals.resent, in_one(journal).totals.input)


def test_a_file_that_ends_in_the_middle_of_a_line_loses_that_line_alone(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-9])
    found = in_parts(journal)

    assert (found.turns, found.skipped.total()) == (999, 1)


def added_up(*entries: Object) -> ReportData:
    found = ReportData()
    found.add_lines(lines(entries).splitlines())
    return found


def test_parts_with_other_modes_and_causes_are_put_together() -> None:
    """Each conversation counts once for each of them, in whatever part it has been."""
    one = added_up(miss(1, conversation="a", mode="fill", resent_tokens=5, client="x/1"), entry(2, conversation="a"))
    other = added_up(
        miss(3, conversation="b", mode="pin", verdict="idle", resent_tokens=7),
        miss(4, conversation="a", mode="pin", resent_tokens=1, client="y/2"),
        entry(5, conversation="a", mode="fill", warm_up=True),
    )

    assert one.merge(other)
    assert {name: (each.turns, each.conversations) for name, each in one.modes.items()} == {
        "fill": (2, 1),
        "pin": (2, 2),
    }
    assert [(each.verdict.name, each.turns, each.resent, each.conversations) for each in one.causes] == [
        ("idle", 1, 7, 1),
        ("tools_changed", 2, 6, 1),
        ("cold", 1, 0, 0),
    ]
    assert one.causes[1].clients == {"x/1": 5, "y/2": 1}
    assert (one.conversations["a"].turns, one.conversations["a"].resent, one.warm_ups) == (3, 6, 1)


def test_parts_with_a_turn_in_common_are_not_put_together() -> None:
    one, other = added_up(entry(1), entry(2)), added_up(entry(2), entry(3))

    assert not one.merge(other)
    assert one.turns == 2
