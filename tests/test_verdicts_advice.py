"""What to do about each verdict."""

from codexcache.options import OPTIONS
from codexcache.verdicts import ADVICE, VERDICTS


def test_each_verdict_has_advice_and_nothing_else_has() -> None:
    assert set(VERDICTS) == set(ADVICE)


def test_advice_is_whole_sentences() -> None:
    for advice in ADVICE.values():
        for text in advice:
            assert text[0].isupper()
            assert text.endswith((".", ")."))


def test_options_that_are_named_exist() -> None:
    words = {word.partition("=")[0].strip(".,;:()") for advice in ADVICE.values() for word in " ".join(advice).split()}

    assert {word for word in words if word.startswith("codex_")} <= set(OPTIONS)


def test_the_short_advice_fits_a_line_of_a_table() -> None:
    assert max(len(advice.short) for advice in ADVICE.values()) < 120
