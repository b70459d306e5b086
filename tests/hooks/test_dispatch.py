"""An addon has the hooks of what it holds, and no others; what fails in one is reported once, and quotes nothing."""

import asyncio
import logging
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


SECRET = "canary"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def fail(faults: InternalErrors, kind: type[BaseException], where: str = "the request hook") -> None:
    with faults.noted(where):
        raise kind(SECRET)


def test_a_fault_is_counted_and_said_without_its_words_once_for_each_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults = InternalErrors()
    for _ in range(3):
        fail(faults, ValueError)
    fail(faults, ValueError, "the response hook")
    faults.note("a test", ValueError(SECRET))  # which was never raised
    with faults.noted("what goes well"):
        pass
    (first, second, third), (summary,) = warnings(caplog), faults.summary()

    assert first.startswith("Codex Continuity has a fault (ValueError at test_dispatch.py:")
    assert "in the request hook). The traffic passes as the client sent it." in first
    assert "in the response hook" in second
    assert "(ValueError at an unknown line in a test)" in third
    assert summary.startswith("Codex Continuity had a fault 3 times: ValueError at test_dispatch.py:")
    assert SECRET not in caplog.text + summary


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_held_back(kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        fail(InternalErrors(), kind)
