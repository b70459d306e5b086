"""An addon has the hooks of what it holds, and no others."""

import asyncio
from typing import Any

import pytest
from codexcache.hooks.dispatch import HookDispatcher
from codexcache.hooks.errors import InternalErrors
from mitmproxy import exceptions, hooks
from mitmproxy.test import taddons


class Handler:
    """Notes which of its hooks were called with what."""

    def __init__(self, name: str, heard: list[tuple[str, object]]) -> None:
        self._name = name
        self._heard = heard

    def request(self, flow: object) -> None:
        self._heard.append((self._name, flow))


class Quiet:
    """Has no hook: its names are none of mitmproxy's."""

    def tell(self) -> None: ...


def connected(*handlers: object, faults: InternalErrors | None = None) -> Any:
    return HookDispatcher("an addon", handlers, faults or InternalErrors())


def test_an_event_goes_to_each_handler_that_wants_it_in_order() -> None:
    heard: list[tuple[str, object]] = []
    addon = connected(Handler("first", heard), Quiet(), Handler("second", heard))
    addon.request("a flow")

    assert heard == [("first", "a flow"), ("second", "a flow")]
    assert [name for name in hooks.all_hooks if hasattr(addon, name)] == ["request"]


class Waiting(Handler):
    """Has its event waited for."""

    async def request(self, flow: object) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().request(flow)


async def test_what_one_handler_waits_for_is_done_before_the_next_is_asked() -> None:
    heard: list[tuple[str, object]] = []
    handlers = [Waiting("first", heard), Handler("second", heard), Waiting("third", heard)]
    await connected(*handlers).request("a flow")

    assert [name for name, _ in heard] == ["first", "second", "third"]


class Failing:
    """Fails in whatever it is asked."""

    def request(self, flow: object) -> None:
        raise ValueError

    def configure(self, updated: set[str]) -> None:
        raise exceptions.OptionsError("it is no number")

    def done(self) -> None:
        raise KeyboardInterrupt


class FailingLate:
    """Fails after it was waited for."""

    async def request(self, flow: object) -> None:
        await asyncio.sleep(0)
        raise TypeError


def kinds(faults: InternalErrors) -> list[str]:
    return [line.partition(" at ")[0] for line in faults.lines()]


async def test_a_handler_that_fails_keeps_no_other_from_hearing() -> None:
    heard: list[tuple[str, object]] = []
    faults, first, last = InternalErrors(), Handler("first", heard), Waiting("last", heard)
    await connected(Failing(), first, FailingLate(), first, Failing(), last, faults=faults).request("a flow")

    assert [name for name, _ in heard] == ["first", "first", "last"]
    assert kinds(faults) == ["ValueError", "TypeError"]
    assert all("in the request hook" in line for line in faults.lines())


def test_what_is_wrong_with_an_option_or_ends_the_program_is_for_mitmproxy() -> None:
    faults = InternalErrors()
    with taddons.context(), pytest.raises(exceptions.OptionsError):
        connected(Failing(), faults=faults).configure({"listen_port"})
    with pytest.raises(KeyboardInterrupt):
        connected(Failing(), faults=faults).done()

    assert faults.lines() == []


def test_at_the_start_it_is_said_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """All options are new then, and an error in the log ends mitmproxy."""
    with taddons.context() as context:
        connected(Failing()).configure(context.options.keys())

    assert [(one.levelname, one.message, one.exc_info) for one in caplog.records] == [
        ("ERROR", "it is no number", None)
    ]
