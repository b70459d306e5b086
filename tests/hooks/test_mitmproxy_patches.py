"""How a WebSocket message is cut into frames."""

from collections.abc import Iterator

import pytest
from codexcache.hooks import mitmproxy_patches
from hypothesis import given
from hypothesis import strategies as some
from mitmproxy.proxy.layers import websocket


@pytest.fixture
def installed() -> Iterator[None]:
    mitmproxy_patches.install()
    yield
    mitmproxy_patches.remove()


def cut(pieces: list[bytes], content: bytes, is_text: bool = True) -> list[str | bytes]:
    """Return the payloads in which a message leaves that came in these pieces."""
    messages = list(mitmproxy_patches.WholeCharacters(pieces, is_text)(content))
    assert [message.message_finished for message in messages] == [False] * (len(messages) - 1) + [True]
    return [message.data for message in messages]


@pytest.mark.parametrize(
    ("pieces", "content", "left"),
    [
        pytest.param([b"ab", b"c"], "é" * 5000, ["é" * 5000], id="a longer message leaves in one piece"),
        pytest.param(["é".encode(), b"ab"], "éab", ["é", "ab"], id="cuts between characters are kept"),
        pytest.param([b"ab", b"cd"], "éé", ["é", "é"], id="also in another message of the same length"),
        pytest.param([b"ab", b"", b"c"], "abc", ["ab", "", "c"], id="and where nothing stands between them"),
        pytest.param([b"a", b"bc"], "éx", ["éx"], id="a cut within a character is not made"),
        pytest.param([b"a", b"", b"bc"], "éx", ["éx"], id="nor two of them"),
    ],
)
def test_a_text_message_is_cut(pieces: list[bytes], content: str, left: list[str]) -> None:
    assert cut(pieces, content.encode()) == left


def test_binary_messages_which_have_no_characters_keep_their_cuts_unless_they_are_longer() -> None:
    assert cut([b"\xff", b"\x80\x80"], b"\xff\x80\x80", is_text=False) == [b"\xff", b"\x80\x80"]
    assert cut([b"ab", b"c"], b"\xff" * 5000, is_text=False) == [b"\xff" * 5000]


@given(some.text(), some.lists(some.binary(max_size=5), min_size=1))
def test_no_text_is_ever_damaged(text: str, pieces: list[bytes]) -> None:
    """Whatever the message was before."""
    assert "".join(str(part) for part in cut(pieces, text.encode())) == text


def test_installing_twice_and_removing_twice_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a reload of the script does it."""
    before = mitmproxy_patches.WholeCharacters.__base__
    monkeypatch.setattr(websocket, "Fragmentizer", before)
    mitmproxy_patches.install()
    mitmproxy_patches.install()
    assert issubclass(websocket.Fragmentizer, mitmproxy_patches.WholeCharacters)
    mitmproxy_patches.remove()
    mitmproxy_patches.remove()

    assert websocket.Fragmentizer is before


@pytest.mark.usefixtures("installed")
def test_another_addons_repair_is_left_alone() -> None:
    """Only what was put there is taken away."""

    class Other(websocket.Fragmentizer):
        pass

    mine = websocket.Fragmentizer
    websocket.Fragmentizer = Other  # type: ignore[misc]
    mitmproxy_patches.remove()
    assert websocket.Fragmentizer is Other
    websocket.Fragmentizer = mine  # type: ignore[misc]
