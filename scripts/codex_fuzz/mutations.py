"""Words that mean something to a parser, and seeds into which a few of them were put."""

from hypothesis import strategies as st

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066=cmd|'/c calc'!A1<script>alert(1)</script>\"'&\r\n\t\x00"
"""Terminal sequences, changes of direction, a formula, a script, quotes, line ends and NUL."""

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

_EDITS = 4
_LONGEST_CUT = 64


@st.composite
def mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw a seed in which up to four places were replaced by a word, by any bytes or by another of its parts."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, _EDITS))):
        at, gone = draw(st.integers(0, len(text))), draw(st.integers(0, _LONGEST_CUT))
        fresh = draw(st.one_of(st.sampled_from(WORDS), st.binary(max_size=8), st.just(text[at : at + gone] * 2)))
        text = text[:at] + fresh + text[at + gone :]
    return text
