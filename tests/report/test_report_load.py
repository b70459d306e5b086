"""Whole journals are read as far as they can be."""

from pathlib import Path

import pytest
from codexcache.report.load import CUT, REFUSED, REPEATED, STRANGE, ReportData, add_journal
from support.journals import entry, lines

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
