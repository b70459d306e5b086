"""Whole journals are read as far as they can be, each line with distrust."""

from pathlib import Path
from typing import Any

import pytest
from codexcache.body.json_splice import Json
from codexcache.report.load import CUT, REFUSED, REPEATED, STRANGE, ReportData, Row, add_journal, read_row
from support.journals import CACHED, INPUT, entry, lines

ONE = lines([entry(1)])
HANDSHAKE = entry(2, endpoint="handshake", conversation=None, verdict="rejected")


def report_data(*journals: bytes, folder: Path) -> ReportData:
    """Return what journals with these bytes hold."""
    found = ReportData()
    for number, journal in enumerate(journals):
        path = folder / f"{number}.jsonl"
        path.write_bytes(journal)
        add_journal(found, path)
    return found


@pytest.mark.parametrize(
    ("journal", "skipped"),
    [
        pytest.param(lines([entry(1), entry(2)])[:-40], {CUT: 1}, id="a last line that was cut"),
        pytest.param(b'[]\nnull\n{"turn": 1}\nnonsense\n\xff\xfe\n' + ONE, {STRANGE: 3, CUT: 2}, id="no entries"),
        pytest.param(b'{"x": "' + b"x" * (3 << 20) + b'"}\n' + ONE, {CUT: 1}, id="a line of many megabytes"),
        pytest.param(lines([entry(1), HANDSHAKE]), {REFUSED: 1}, id="a handshake that was refused"),
        pytest.param(b"\xef\xbb\xbf" + ONE.replace(b"\n", b"\r\n\r\n  \r\n"), {}, id="a mark, blank lines, line ends"),
    ],
)
def test_what_is_no_entry_is_left_out_and_counted(journal: bytes, skipped: dict[str, int], tmp_path: Path) -> None:
    found = report_data(journal, b"", folder=tmp_path)

    assert [row.turn for row in found.rows] == [1]
    assert found.skipped == skipped


def test_a_turn_that_two_journals_tell_of_counts_once(tmp_path: Path) -> None:
    found = report_data(lines([entry(1), entry(2)]), lines([entry(2), entry(3), entry(1, run="b")]), folder=tmp_path)

    assert [row.turn_id for row in found.rows] == [
        (run, turn) for run, turn in [("a" * 12, 1), ("a" * 12, 2), ("a" * 12, 3), ("b", 1)]
    ]
    assert found.skipped == {REPEATED: 1}


def row(**fields: Any) -> Row:
    """Return the row of an entry with these fields."""
    found = read_row(entry(3, **fields))
    assert found is not None
    return found


def test_all_that_the_page_shows_is_in_the_row() -> None:
    verdict = {"verdict": "tools_changed", "because": "tool shell was edited"}
    told = row(
        **verdict,
        at=60.5,
        given=9000,
        cached=128,
        reusable_tokens=8000,
        predecessor=2,
        predecessor_run="b",
        changes=["tools_changed", "idle"],
        changed=["session-id"],
    )

    assert told == Row(
        **verdict,
        time=1795161660.5,
        run="aaaaaaaaaaaa",
        turn=3,
        conversation="cccccccccccc",
        mode="fill",
        client="client/1.0",
        model="gpt-6-luna",
        duration=5.0,
        input=9000,
        cached=128,
        reusable=8000,
        predecessor=2,
        predecessor_run="b",
        changes=("tools_changed", "idle"),
        altered=True,
    )


@pytest.mark.parametrize("name", ["time", "run", "turn", "conversation", "verdict"])
@pytest.mark.parametrize("value", [None, "", " ", [], {}, True, -1, 1.5])
def test_what_cannot_be_placed_has_no_row(name: str, value: Json) -> None:
    assert read_row({**entry(), name: value}) is None


TIMES = ["yesterday", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"]


@pytest.mark.parametrize("line", [None, [], "text", 7, {}, *({**entry(), "time": time} for time in TIMES)])
def test_what_is_no_entry_or_has_no_time_in_our_age_has_no_row(line: Json) -> None:
    assert read_row(line) is None


@pytest.mark.parametrize("time", ["2026-11-20T08:00:00Z", "2026-11-20T09:00:00+01:00", "2026-11-20 08:00:00"])
def test_a_time_without_a_zone_is_utc(time: str) -> None:
    assert row(time=time).time == 1795161600.0


@pytest.mark.parametrize("value", [None, "12", -1, 1.5, True, [], 1 << 60])
@pytest.mark.parametrize("name", [INPUT, CACHED, "reusable_tokens", "predecessor"])
def test_a_counter_that_is_not_right_is_absent_and_not_0(name: str, value: Json) -> None:
    found = row(**{"reusable_tokens": 5, "predecessor": 1, name: value})
    attribute = {INPUT: "input", CACHED: "cached", "reusable_tokens": "reusable"}.get(name, name)

    assert getattr(found, attribute) is None


def test_what_was_cached_is_part_of_the_input() -> None:
    assert row(given=100, cached=5000).cached == 100
    assert row(given=None, cached=5000).cached is None


@pytest.mark.parametrize("value", [None, 5, "text", {}, [], [3, None, ""]])
def test_lists_of_names_that_hold_none_are_empty(value: Json) -> None:
    found = row(changes=value, changed=value)

    assert (found.changes, found.altered) == ((), False)


def test_text_is_cut_and_what_does_not_print_becomes_a_question_mark() -> None:
    found = row(client="c" * 500, because="b" * 5000, changes=["x"] * 1000, mode=None)

    assert (len(found.client), len(found.because), len(found.changes), found.mode) == (80, 400, 40, "unknown")
    assert row(because="a\x1b[31m\n\u202eb\u200b").because == "a?[31m??b?"
