"""An event stream yields the same events wherever its chunks are cut."""

import pytest
from codexcache.wire.sse import EventStream

MIB = 1 << 20


def events(*chunks: bytes, limit: int = 32 * MIB) -> list[bytes]:
    """Return the data of all events in these chunks."""
    stream = EventStream(limit=limit)
    return [data for chunk in chunks for data in stream.feed(chunk)]


def byte_by_byte(text: bytes, limit: int = 32 * MIB) -> list[bytes]:
    return events(*(text[at : at + 1] for at in range(len(text))), limit=limit)


STREAMS = [
    pytest.param(b"data: a\n\ndata: b\n\n", [b"a", b"b"], id="two events"),
    pytest.param(b"event: x\nid: 1\ndata: a\nretry: 5\n\n", [b"a"], id="other fields"),
    pytest.param(b"data: a\ndata: b\n\n", [b"a\nb"], id="two lines of data"),
    pytest.param(b"data: a\n\n\n\ndata: b\n\n", [b"a", b"b"], id="more blank lines than needed"),
    pytest.param(b"\n\n\ndata: a\n\n", [b"a"], id="blank lines first"),
    pytest.param(b": ping\n\n: ping\n\ndata: a\n\n", [b"a"], id="comments alone"),
    pytest.param(b": note\ndata: a\n: note\n\n", [b"a"], id="comments within an event"),
    pytest.param(b"data:a\n\n", [b"a"], id="no space after the colon"),
    pytest.param(b"data:  a \n\n", [b" a "], id="only one space is taken off"),
    pytest.param(b"data:\n\ndata\n\n", [b"", b""], id="empty data"),
    pytest.param(b"data:\ndata\n\n", [b"\n"], id="two empty lines of data"),
    pytest.param(b"database: a\n\nmydata: a\n\nDATA: a\n\n data: a\n\n", [], id="fields of other names"),
    pytest.param(b"data: data: a\n\n", [b"data: a"], id="data that looks like a field"),
    pytest.param(b"event: x\n\n", [], id="an event without data"),
    pytest.param(b"data: a\n\ndata: b\n", [b"a"], id="no blank line at the end: never an event"),
    pytest.param(b"data: a", [], id="cut within a line"),
    pytest.param(b"", [], id="nothing"),
    pytest.param(b"data: \xf0\x9f\x98\x80 \xff\n\n", [b"\xf0\x9f\x98\x80 \xff"], id="any bytes"),
    pytest.param(b"data: a\xe2\x80\xa8b\x0bc\x85d\n\n", [b"a\xe2\x80\xa8b\x0bc\x85d"], id="what is no line end here"),
]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize(("text", "expected"), STREAMS)
def test_events_are_cut_at_blank_lines(text: bytes, expected: list[bytes], line_end: bytes) -> None:
    text = text.replace(b"\n", line_end)

    assert events(text) == expected
    assert byte_by_byte(text) == expected


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(MARK + b"data: a\n\ndata: b\n\n", [b"a", b"b"], id="a byte order mark before data"),
        pytest.param(MARK + b"\n\ndata: a\n\ndata: b\n\n", [b"a", b"b"], id="a byte order mark before blank lines"),
        pytest.param(b"data: a\n\n" + MARK + b"data: b\n\ndata: c\n\n", [b"a", b"c"], id="one in a name"),
        pytest.param(b"data: a\r\ndata: b\r\r\ndata: c\n\r\n", [b"a\nb", b"c"], id="line ends mixed"),
        pytest.param(b"data: a\rdata: b\n\rdata: c\n\r", [b"a\nb", b"c"], id="line ends mixed, CR last"),
        pytest.param(b"data: a\ndata: b\r\n\ndata: c\r\n\r", [b"a\nb", b"c"], id="line ends mixed, LF first"),
        pytest.param(b"data: " + b"x" * 94 + b"\r\n\r\n", [b"x" * 94], id="an event of just the limit"),
    ],
)
def test_marks_and_mixed_line_ends_are_read_as_the_standard_says(text: bytes, expected: list[bytes]) -> None:
    assert (events(text, limit=100), byte_by_byte(text, limit=100)) == (expected, expected)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("size", [101, 102, 103, 104, 105, 106, 200, 1000])
def test_an_event_over_the_limit_is_passed_over_and_the_next_one_is_read(size: int, line_end: bytes) -> None:
    giant = b"data: " + b"x" * (size - 6)
    text = line_end.join([b"data: a", b"", giant, b"", b"data: b", b"", b""])

    assert events(text, limit=100) == [b"a", b"b"]
    assert byte_by_byte(text, limit=100) == [b"a", b"b"]


def test_an_event_is_there_as_soon_as_its_blank_line_is_and_a_giant_one_is_not_kept() -> None:
    stream, giant = EventStream(), EventStream(limit=1000)

    assert [list(stream.feed(chunk)) for chunk in (b"data: a\n", b"\n")] == [[], [b"a"]]
    for _ in range(1000):
        list(giant.feed(b"x" * 100))
    assert giant.held <= 1200
