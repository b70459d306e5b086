"""What to do about each verdict."""

from codexcache.settings import OPTIONS
from codexcache.verdicts import VERDICTS
from codexcache.words.advice import ADVICE


def test_each_verdict_has_advice_in_whole_sentences_and_nothing_else_has() -> None:
    """The short one fits a line of a table."""
    assert set(VERDICTS) == set(ADVICE)
    texts = [text for advice in ADVICE.values() for text in advice]
    assert [text for text in texts if not text[0].isupper() or not text.endswith((".", ")."))] == []
    assert max(len(advice.short) for advice in ADVICE.values()) < 120


def test_options_that_are_named_exist() -> None:
    words = {word.partition("=")[0].strip(".,;:()") for advice in ADVICE.values() for word in " ".join(advice).split()}

    assert {word for word in words if word.startswith("codex_")} <= set(OPTIONS)
