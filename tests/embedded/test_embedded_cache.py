"""The store of the cache servers, with a clock of its own."""

from embedded_backend import model
from embedded_backend.cache import PromptCache

SCOPE = model.Scope(1, "account", ("session", ""), b"members")
PROMPT = b"x" * 8000  # 2,000 tokens, 15 full steps


def test_the_first_prompt_reads_nothing() -> None:
    assert PromptCache().take(SCOPE, PROMPT, 0, 300) == 0


def test_a_prompt_that_goes_on_reads_what_was_there() -> None:
    cache = PromptCache()
    cache.take(SCOPE, PROMPT, 0, 300)

    assert cache.take(SCOPE, PROMPT + b"y" * 4000, 1, 300) == 15 * 128


def test_a_prompt_that_differs_early_reads_nothing() -> None:
    cache = PromptCache()
    cache.take(SCOPE, PROMPT, 0, 300)

    assert cache.take(SCOPE, b"y" + PROMPT[1:], 1, 300) == 0


def test_another_scope_reads_nothing() -> None:
    cache = PromptCache()
    cache.take(SCOPE, PROMPT, 0, 300)

    assert cache.take(SCOPE._replace(server=2), PROMPT, 1, 300) == 0
    assert cache.take(SCOPE._replace(account="other"), PROMPT, 1, 300) == 0


def test_a_small_prompt_is_not_remembered() -> None:
    cache = PromptCache()
    cache.take(SCOPE, PROMPT[:4095], 0, 300)

    assert cache.take(SCOPE, PROMPT, 1, 300) == 0


def test_an_idle_entry_is_forgotten() -> None:
    cache = PromptCache()
    cache.take(SCOPE, PROMPT, 0, 300)

    assert cache.take(SCOPE, PROMPT, 301, 300) == 0


def test_use_keeps_an_entry_alive() -> None:
    cache = PromptCache()
    for now in (0, 200, 400):
        cache.take(SCOPE, PROMPT, now, 300)

    assert cache.take(SCOPE, PROMPT, 600, 300) == 15 * 128


def test_beyond_the_limit_the_longest_unused_goes_first() -> None:
    cache = PromptCache(limit=20)
    cache.take(SCOPE, PROMPT, 0, 300)
    cache.take(SCOPE, b"y" * 8000, 1, 300)

    assert cache.take(SCOPE, PROMPT, 2, 300) == 0
