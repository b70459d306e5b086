"""A repair of how mitmproxy cuts a WebSocket message that an addon has changed.

mitmproxy sends a changed message in pieces of 4,000 bytes, or of the lengths of the client's own fragments, and decodes
each piece of a text message by itself: a character that stands across a cut is lost (measured on mitmproxy 12.2; its
own `Fragmentizer` suggests patching the size). Here a changed message leaves in one frame, and cuts that the client
made are kept where they do not split a character.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import wsproto.events
from mitmproxy.proxy.layers import websocket


class WholeCharacters(websocket.Fragmentizer):
    """Cuts a message where its client did, or not at all."""

    FRAGMENT_SIZE = 1 << 62

    def __call__(self, content: bytes) -> Iterator[wsproto.events.Message[Any]]:
        if self.is_text and len(content) == sum(self.fragment_lengths) and self._splits_a_character(content):
            self.fragment_lengths = [len(content)]
        yield from super().__call__(content)

    def _splits_a_character(self, content: bytes) -> bool:
        """Return True if a cut is before a continuation byte of UTF-8."""
        cuts = accumulate(self.fragment_lengths[:-1])
        return any(0x80 <= byte < 0xC0 for cut in cuts for byte in content[cut : cut + 1])


def install() -> None:
    """Make mitmproxy cut messages at whole characters."""
    if not issubclass(websocket.Fragmentizer, WholeCharacters):
        websocket.Fragmentizer = WholeCharacters  # type: ignore[misc]


def remove() -> None:
    """Give mitmproxy its own way of cutting back."""
    if websocket.Fragmentizer is WholeCharacters:
        websocket.Fragmentizer = WholeCharacters.__base__  # type: ignore[misc, assignment]
