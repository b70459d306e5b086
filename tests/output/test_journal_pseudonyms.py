"""Fingerprints tell ids apart and show nothing of them."""

from codexcache.output.journal import Pseudonyms

PRINTS = Pseudonyms(b"0" * 32)


def test_a_pseudonym_is_twelve_hexadecimal_digits_for_each_value_kind_and_secret() -> None:
    shown = [str(PRINTS.of(*given)) for given in (("key", "a"), ("key", "b"), ("account", "a"))]
    shown.append(str(Pseudonyms(b"1" * 32).of("key", "a")))

    assert [len(each) for each in shown] == [12] * 4
    assert set("".join(shown)) <= set("0123456789abcdef")
    assert len(set(shown)) == 4
    assert PRINTS.of("key", "a") == shown[0]


def test_nothing_has_no_pseudonym_and_everything_else_has_one() -> None:
    assert PRINTS.of("key", None) is None
    assert PRINTS.of("key", "") != PRINTS.of("key", "\udcff") is not None


def test_several_ids_have_the_pseudonyms_that_each_has_by_itself() -> None:
    ids = {"key": ("key", "a"), "session": ("key", None), "account": ("account", "a")}

    assert PRINTS.of_all(ids) == {name: PRINTS.of(kind, value) for name, (kind, value) in ids.items()}


def test_a_kind_cannot_pass_for_part_of_a_value() -> None:
    assert PRINTS.of("a", "b\0c") != PRINTS.of("a\0b", "d")
