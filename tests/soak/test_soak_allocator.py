"""What the C library's allocator has handed out."""

import ctypes

import pytest
from codex_soak import allocator


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
