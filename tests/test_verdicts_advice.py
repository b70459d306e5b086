"""What to do about each verdict."""

from codexcache.options import OPTIONS
from codexcache.verdicts import VERDICT_TABLE, VerdictEntry


def advice(entry: VerdictEntry) -> tuple[str, str, str]:
    """Return the short advice, the full one, and how the next turn shows that it helped."""
    return entry.short_advice, entry.full_advice, entry.success


def test_advice_is_whole_sentences() -> None:
    for entry in VERDICT_TABLE.values():
        for text in advice(entry):
            assert text[0].isupper()
            assert text.endswith((".", ")."))


def test_options_that_are_named_exist() -> None:
    texts = " ".join(text for entry in VERDICT_TABLE.values() for text in advice(entry))
    words = {word.partition("=")[0].strip(".,;:()") for word in texts.split()}

    assert {word for word in words if word.startswith("codex_")} <= set(OPTIONS)


def test_the_short_advice_fits_a_line_of_a_table() -> None:
    assert max(len(entry.short_advice) for entry in VERDICT_TABLE.values()) < 120
