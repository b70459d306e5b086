"""What the C library's allocator has handed out."""

import ctypes
from types import SimpleNamespace

import pytest
from toolkit import allocator


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="only glibc tells")
def test_a_large_object_is_counted_as_long_as_it_is_there() -> None:
    before = allocator.handed_out()
    large = bytearray(50_000_000)
    during = allocator.handed_out()
    size = len(large)
    del large
    after = allocator.handed_out()

    assert before is not None
    assert during is not None
    assert after is not None
    assert during - before >= size
    assert after - before < size // 2


def test_another_c_library_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())

    assert allocator.handed_out() is None


def test_what_is_free_is_given_back_where_that_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = list[int]()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=trimmed.append))
    allocator.give_back()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    allocator.give_back()

    assert trimmed == [0]
