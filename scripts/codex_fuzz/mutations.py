"""Seeds with a few edits, as hypothesis draws them: it finds an input that fails, and then the smallest such one."""

from hypothesis import strategies as st

from codex_fuzz.seeds import WORDS

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
