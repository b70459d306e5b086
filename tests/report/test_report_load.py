"""Whole journals are read as far as they can be."""

from pathlib import Path

from codexcache.report.load import CUT, REFUSED, REPEATED, STRANGE, ReportData, add_journal
from support.journals import entry, lines


def report_data(*journals: bytes, folder: Path) -> ReportData:
    """Return what journals with these bytes hold."""
    found = ReportData()
    for number, journal in enumerate(journals):
        path = folder / f"{number}.jsonl"
        path.write_bytes(journal)
        add_journal(found, path)
    return found


def test_each_line_is_a_turn(tmp_path: Path) -> None:
    found = report_data(lines([entry(1), entry(2)]), folder=tmp_path)

    assert [row.turn for row in found.rows] == [1, 2]
    assert not found.skipped


def test_a_last_line_that_was_cut_is_left_out_and_counted(tmp_path: Path) -> None:
    found = report_data(lines([entry(1), entry(2)])[:-40], folder=tmp_path)

    assert [row.turn for row in found.rows] == [1]
    assert found.skipped == {CUT: 1}


def test_what_is_no_entry_is_left_out_and_counted(tmp_path: Path) -> None:
    found = report_data(b'[]\nnull\n{"turn": 1}\nnonsense\n\xff\xfe\n' + lines([entry(1)]), folder=tmp_path)

    assert len(found.rows) == 1
    assert found.skipped == {STRANGE: 3, CUT: 2}


def test_a_turn_that_two_journals_tell_of_counts_once(tmp_path: Path) -> None:
    found = report_data(lines([entry(1), entry(2)]), lines([entry(2), entry(3), entry(1, run="b")]), folder=tmp_path)

    assert [row.turn_id for row in found.rows] == [
        (run, turn) for run, turn in [("a" * 12, 1), ("a" * 12, 2), ("a" * 12, 3), ("b", 1)]
    ]
    assert found.skipped == {REPEATED: 1}


def test_a_handshake_that_was_refused_is_no_turn_and_counted(tmp_path: Path) -> None:
    refused = entry(2, endpoint="handshake", conversation=None, verdict="rejected")
    found = report_data(lines([entry(1), refused]), folder=tmp_path)

    assert [row.turn for row in found.rows] == [1]
    assert found.skipped == {REFUSED: 1}


def test_blank_lines_a_byte_order_mark_and_foreign_line_ends_are_nothing_wrong(tmp_path: Path) -> None:
    found = report_data(b"\xef\xbb\xbf" + lines([entry(1)]).replace(b"\n", b"\r\n\r\n  \r\n"), b"", folder=tmp_path)

    assert len(found.rows) == 1
    assert not found.skipped


def test_a_line_of_many_megabytes_is_one_that_is_cut(tmp_path: Path) -> None:
    found = report_data(b'{"x": "' + b"x" * (3 << 20) + b'"}\n' + lines([entry(1)]), folder=tmp_path)

    assert len(found.rows) == 1
    assert found.skipped == {CUT: 1}
