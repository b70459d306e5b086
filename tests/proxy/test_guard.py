"""Faults of ours never reach the traffic, are said once, and quote nothing."""

import asyncio
import logging

import pytest
from codexcache.proxy.guard import Faults, guarded

SECRET = "canary"


class Hooks:
    """Hooks that fail."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.called: list[object] = []

    @guarded
    def request(self, *things: object, kind: type[Exception] | None = None) -> None:
        """What this hook does."""
        self.called.append(things)
        if kind:
            raise kind(SECRET)

    @guarded
    def response(self) -> None:
        getattr(self, SECRET)

    @guarded
    async def requestheaders(self, kind: type[Exception] | None = None) -> None:
        await asyncio.sleep(0)
        self.request(kind=kind)
        if kind:
            raise kind(SECRET)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_hook_that_works_is_called_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    hooks.request(1, 2)

    assert (hooks.called, warnings(caplog), hooks.faults.summary()) == ([(1, 2)], [], [])


def test_a_guarded_hook_keeps_its_name_and_words() -> None:
    assert (Hooks.request.__name__, Hooks.request.__doc__) == ("request", "What this hook does.")


def test_a_hook_that_fails_raises_nothing_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    Hooks().request(kind=ValueError)

    assert len(warnings(caplog)) == 1
    assert warnings(caplog)[0].startswith("Codex Continuity has a fault (ValueError at test_guard.py:")
    assert "in the request hook). The traffic passes as the client sent it." in warnings(caplog)[0]


def test_a_fault_is_said_once_for_each_kind_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    for _ in range(3):
        hooks.request(kind=ValueError)
    hooks.request(kind=TypeError)
    hooks.response()
    summary = hooks.faults.summary()

    assert len(warnings(caplog)) == 3
    assert len(summary) == 1
    assert summary[0].startswith("Codex Continuity had a fault 3 times: ValueError at test_guard.py:")


def test_neither_the_words_of_an_exception_nor_its_folder_are_said(caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    for _ in range(2):
        hooks.request(SECRET, kind=ValueError)
        hooks.response()
    said = caplog.text + " ".join(hooks.faults.summary())

    assert SECRET not in said
    assert "tests/test_guard.py" not in " ".join([*warnings(caplog), *hooks.faults.summary()])


def test_a_fault_that_was_never_raised_has_no_place(caplog: pytest.LogCaptureFixture) -> None:
    Faults().note("a test", ValueError(SECRET))

    assert "(ValueError at an unknown place in a test)" in warnings(caplog)[0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_held_back(kind: type[BaseException]) -> None:
    class Ending(Hooks):
        @guarded
        def done(self) -> None:
            raise kind

    with pytest.raises(kind):
        Ending().done()


async def test_what_mitmproxy_waits_for_raises_nothing_either(caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    await hooks.requestheaders()
    assert (hooks.called, warnings(caplog)) == ([()], [])
    await hooks.requestheaders(ValueError)

    assert "in the requestheaders hook)" in warnings(caplog)[-1]
    assert SECRET not in caplog.text
