"""Fingerprints tell ids apart and show nothing of them."""

from codexcache.output.journal import Pseudonyms

PRINTS = Pseudonyms(b"0" * 32)


def test_a_fingerprint_is_twelve_hexadecimal_digits() -> None:
    shown = PRINTS.of("key", "session-1")

    assert shown is not None
    assert len(shown) == 12
    assert set(shown) <= set("0123456789abcdef")


def test_one_value_has_one_fingerprint_for_each_kind_and_secret() -> None:
    values = [
        PRINTS.of("key", "a"),
        PRINTS.of("key", "b"),
        PRINTS.of("account", "a"),
        Pseudonyms(b"1" * 32).of("key", "a"),
    ]

    assert len(set(values)) == 4
    assert PRINTS.of("key", "a") == PRINTS.of("key", "a")


def test_nothing_has_no_fingerprint_and_everything_else_has_one() -> None:
    assert PRINTS.of("key", None) is None
    assert PRINTS.of("key", "") != PRINTS.of("key", "\udcff") is not None


def test_several_ids_have_the_pseudonyms_that_each_has_by_itself() -> None:
    ids = {"key": ("key", "a"), "session": ("key", None), "account": ("account", "a")}

    assert PRINTS.of_all(ids) == {name: PRINTS.of(kind, value) for name, (kind, value) in ids.items()}


def test_a_kind_cannot_pass_for_part_of_a_value() -> None:
    assert PRINTS.of("a", "b\0c") != PRINTS.of("a\0b", "d")
