"""Whole journals are read as far as they can be, each line with distrust."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from codexcache.body.json_splice import Json
from codexcache.report.aggregate import CUT, REFUSED, REPEATED, STRANGE, ReportData
from codexcache.report.load import Details, Row, journal_lines, read_details, read_row
from support.journals import CACHED, INPUT, entry, lines
from support.reported import rows_of

ONE = lines([entry(1)])
HANDSHAKE = entry(2, endpoint="handshake", conversation=None, verdict="rejected")


def report_data(*journals: bytes, folder: Path) -> ReportData:
    """Return what journals with these bytes hold."""
    found = ReportData()
    for number, journal in enumerate(journals):
        path = folder / f"{number}.jsonl"
        path.write_bytes(journal)
        found.add_source(partial(journal_lines, path))
    return found


@pytest.mark.parametrize(
    ("journal", "skipped"),
    [
        pytest.param(lines([entry(1), entry(2)])[:-40], {CUT: 1}, id="a last line that was cut"),
        pytest.param(b'[]\nnull\n{"turn": 1}\nnonsense\n\xff\xfe\n' + ONE, {STRANGE: 3, CUT: 2}, id="no entries"),
        pytest.param(b'{"x": "' + b"x" * (3 << 20) + b'"}\n' + ONE, {CUT: 1}, id="a line of many megabytes"),
        pytest.param(b"x" * (1 << 17) + b"\n" + ONE, {CUT: 1}, id="a line that ends where a piece that is read does"),
        pytest.param(lines([entry(1), HANDSHAKE]), {REFUSED: 1}, id="a handshake that was refused"),
        pytest.param(b"\xef\xbb\xbf" + ONE.replace(b"\n", b"\r\n\r\n  \r\n"), {}, id="a mark, blank lines, line ends"),
    ],
)
def test_what_is_no_entry_is_left_out_and_counted(journal: bytes, skipped: dict[str, int], tmp_path: Path) -> None:
    found = report_data(journal, b"", folder=tmp_path)

    assert [row.turn for row in rows_of(found)] == [1]
    assert found.skipped == skipped


def test_a_turn_that_two_journals_tell_of_counts_once(tmp_path: Path) -> None:
    found = report_data(lines([entry(1), entry(2)]), lines([entry(2), entry(3), entry(1, run="b")]), folder=tmp_path)

    assert sorted(row.turn_id for row in rows_of(found)) == [("a" * 12, 1), ("a" * 12, 2), ("a" * 12, 3), ("b", 1)]
    assert found.turns == 4
    assert found.skipped == {REPEATED: 1}


def row(**fields: Any) -> Row:
    """Return the row of an entry with these fields."""
    found = read_row(entry(3, **fields))
    assert found is not None
    return found


def test_all_that_the_page_shows_is_in_the_row_and_the_details() -> None:
    told = entry(
        3,
        verdict="tools_changed",
        because="tool shell was edited",
        at=60.5,
        given=9000,
        cached=128,
        resent_tokens=7_800,
        blame="expected",
        predecessor=2,
        changes=["tools_changed", "idle"],
        changed=["session-id"],
    )

    assert read_row(told) == Row(
        time=1795161660.5,
        run="aaaaaaaaaaaa",
        turn=3,
        conversation="cccccccccccc",
        model="gpt-6-luna",
        input=9000,
        cached=128,
        resent=7_800,
        is_estimate=False,
        client="client/1.0",
        mode="fill",
        verdict="tools_changed",
        blame="expected",
        warm=True,
        altered=True,
    )
    assert read_details(told) == Details("tool shell was edited", ("tools_changed", "idle"), duration=5.0)


@pytest.mark.parametrize(
    ("fields", "resent"),
    [
        pytest.param({"resent_tokens": 7_000, "reusable_tokens": 9_000}, 7_000, id="what the journal says"),
        pytest.param({"resent_tokens": 0, "reusable_tokens": 9_000}, 0, id="nothing, if it says so"),
        pytest.param({"resent_tokens": 7_000, "verdict": "made_up"}, 7_000, id="whatever the verdict is called"),
        pytest.param({"resent_tokens": 99_000}, 9_000, id="no more than the input that was not read"),
        pytest.param({"resent_tokens": 7_000, "given": None}, 0, id="nothing of an input that is not known"),
        pytest.param({"resent_tokens": 7_000, "cached": None}, 0, id="nothing where it is not known what was read"),
        pytest.param({"reusable_tokens": 7_000}, 6_000, id="what was reusable, where an older version wrote the line"),
        pytest.param({"reusable_tokens": 7_000, "resent_tokens": "many"}, 6_000, id="the same for what is no number"),
        pytest.param({"reusable_tokens": 500}, 0, id="nothing, where more was read"),
        pytest.param({"reusable_tokens": 7_000, "verdict": "hit"}, 0, id="an older line of a hit"),
        pytest.param({}, 0, id="an older line that does not say what was reusable"),
    ],
)
def test_a_turn_re_sent_what_its_line_says(fields: dict[str, Any], resent: int) -> None:
    found = row(**{"given": 10_000, "cached": 1_000, "verdict": "tools_changed", **fields})

    assert found.resent == resent
    assert found.is_estimate == ("many" in fields.values() or ("resent_tokens" not in fields and resent > 0))


@pytest.mark.parametrize(
    ("fields", "blame"),
    [
        ({"blame": "outside"}, "outside"),
        ({"blame": "a stranger's"}, "avoidable"),
        ({"blame": ["expected"]}, "avoidable"),
        ({}, "avoidable"),
        ({"verdict": "idle"}, "expected"),
        ({"verdict": "upstream"}, "outside"),
        ({"verdict": "made_up"}, "outside"),
        ({"verdict": "idle", "resent_tokens": 0}, "expected"),
        ({"verdict": "hit", "resent_tokens": 0}, ""),
    ],
)
def test_the_blame_is_the_one_that_is_told_else_the_usual_one(fields: dict[str, Any], blame: str) -> None:
    assert row(**{"verdict": "tools_changed", "resent_tokens": 5, **fields}).blame == blame


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
@pytest.mark.parametrize(("name", "attribute"), [(INPUT, "input"), (CACHED, "cached")])
def test_a_counter_that_is_not_right_is_absent_and_not_0(name: str, attribute: str, value: Json) -> None:
    assert getattr(row(**{name: value}), attribute) is None


@pytest.mark.parametrize("value", [None, "12", 1.5, True, []])
def test_a_predecessor_that_is_no_number_is_none(value: Json) -> None:
    assert not row(predecessor=value).warm


def test_what_was_cached_is_part_of_the_input() -> None:
    assert row(given=100, cached=5000).cached == 100
    assert row(given=None, cached=5000).cached is None


@pytest.mark.parametrize("value", [None, 5, "text", {}, []])
def test_lists_of_names_that_hold_none_are_empty(value: Json) -> None:
    assert read_details(entry(changes=value)).changes == ()
    assert not row(changed=value).altered


def test_text_is_cut_and_what_does_not_print_becomes_a_question_mark() -> None:
    found = row(client="c" * 500, mode=None)
    details = read_details(entry(because="b" * 5000, changes=["x"] * 1000))

    assert (len(found.client), len(details.because), len(details.changes), found.mode) == (80, 400, 40, "unknown")
    assert read_details(entry(because="a\x1b[31m\n\u202eb\u200b")).because == "a?[31m??b?"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_line_that_looks_like_two_and_two_that_look_like_one_are_cut(size: int, tmp_path: Path) -> None:
    """They are read many at a time, but mean what each means by itself."""
    odd = b'{"turn": 1}, {"turn": 2}\n{"a": [1\n2]}\n'

    assert report_data(odd * size + ONE, folder=tmp_path).skipped == {CUT: 3 * size}
