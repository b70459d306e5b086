"""What inputs are made of: words that mean something to a parser, seeds with a few edits, choices and pieces.

The choices of a check are the first bytes of its input, and their number is fixed, so that any text becomes a seed by
putting zeros before it.
"""

import itertools
from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066=cmd|'/c calc'!A1<script>alert(1)</script>\"'&\r\n\t\x00"
"""Terminal sequences, changes of direction, a formula, a script, quotes, line ends and NUL."""

CODINGS = ("identity", "gzip", "deflate", "br", "zstd")

SECTIONS = b"\n\0\n"
"""What stands between the parts of a saved conversation: fields, two bodies with an answer each, a turn_summary."""

WORDS = (
    *(b'"prompt_cache_key":', b'"stream_options":{}', b'"input":[', b'"model":', b'"type":"response.create"'),
    *(b"\\ud83d", b"\\u0000", b"1e999", b"-0.0", b"99999999999999999999999", b"{}", b"[]", b"[[", b"]]", b'""', b",,"),
    *(b"data: ", b"event: ", b"\r\n\r\n", b"\r", b"\n\n", b"\xef\xbb\xbf", b'"type":"response.completed"'),
    *(b'"type":"error"', b'"usage":{"input_tokens":', b'"status":', b'"namespace"', b"\x00", b"\xff", b"\x1b[2J"),
    *(b"session-id: ", b"thread-id: t", b"Bearer ", b'"sub":"u"', b"=1+1", b"<script>", b"\xe2\x80\xae", SECTIONS),
    *(b"session_id: ", b"x-client-request-id: ", b"true", b"null", b'"run":"r"', b'"turn":', b'"sent_at":1e300'),
)

_EDITS, _LONGEST_CUT = 4, 64


@st.composite
def mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw a seed in which up to four places were replaced by a word, by any bytes or by another of its parts."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, _EDITS))):
        at, gone = draw(st.integers(0, len(text))), draw(st.integers(0, _LONGEST_CUT))
        fresh = draw(st.one_of(st.sampled_from(WORDS), st.binary(max_size=8), st.just(text[at : at + gone] * 2)))
        text = text[:at] + fresh + text[at + gone :]
    return text


def split(data: bytes, count: int) -> tuple[bytes, bytes]:
    """Return so many choices and the text after them; choices that are missing are 0."""
    return data[:count].ljust(count, b"\0"), data[count:]


def pick[T](options: Sequence[T], choice: int) -> T:
    """Return one of some options."""
    return options[choice % len(options)]


def some[T](options: Sequence[T], choice: int) -> list[T]:
    """Return a selection of up to eight options."""
    return [option for index, option in enumerate(options) if choice >> index & 1]


def pieces(text: bytes, sizes: bytes) -> Iterator[bytes]:
    """Yield a text in pieces of these sizes, again and again; where a size is 0, the rest as a whole."""
    start, lengths = 0, itertools.cycle(sizes)
    while start < len(text):
        end = start + (next(lengths) or len(text))
        yield text[start:end]
        start = end


def head_and_body(text: bytes) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    """Return header fields, from lines of `name: value`, and what follows on the first blank line."""
    head, _, body = text.partition(b"\n\n")
    lines = (line.partition(b": ") for line in head.split(b"\n") if line)
    return tuple((name, value) for name, _, value in lines), body
