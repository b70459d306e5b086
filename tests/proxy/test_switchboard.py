"""An addon has the hooks of its rooms, and no others."""

import asyncio

from codexcache.proxy.switchboard import connect
from mitmproxy import hooks


class Addon:
    """What is connected."""


class Room:
    """Notes which of its hooks were called with what."""

    def __init__(self, name: str, heard: list[tuple[str, object]]) -> None:
        self._name = name
        self._heard = heard

    def request(self, flow: object) -> None:
        self._heard.append((self._name, flow))


class Quiet:
    """Has no hook: its names are none of mitmproxy's."""

    def tell(self) -> None: ...


def connected(*rooms: object) -> Addon:
    addon = Addon()
    connect(addon, rooms)
    return addon


def test_an_event_goes_to_each_room_that_wants_it_in_order() -> None:
    heard: list[tuple[str, object]] = []
    addon = connected(Room("first", heard), Quiet(), Room("second", heard))
    addon.request("a flow")  # type: ignore[attr-defined]

    assert heard == [("first", "a flow"), ("second", "a flow")]


def test_an_event_that_no_room_wants_finds_no_hook() -> None:
    addon = connected(Room("only", []), Quiet())

    assert [name for name in hooks.all_hooks if hasattr(addon, name)] == ["request"]


class Waiting(Room):
    """Has its event waited for."""

    async def request(self, flow: object) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().request(flow)


async def test_what_one_room_waits_for_is_done_before_the_next_is_asked() -> None:
    heard: list[tuple[str, object]] = []
    rooms = [Waiting("first", heard), Room("second", heard), Waiting("third", heard)]
    await connected(*rooms).request("a flow")  # type: ignore[attr-defined]

    assert [name for name, _ in heard] == ["first", "second", "third"]
