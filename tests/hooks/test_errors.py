"""Internal errors are reported once, counted, and quote nothing."""

import logging

import pytest
from codexcache.hooks.errors import InternalErrors

SECRET = "canary"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def fail(faults: InternalErrors, kind: type[BaseException], where: str = "the request hook") -> None:
    with faults.noted(where):
        raise kind(SECRET)


def test_what_fails_is_said_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    fail(InternalErrors(), ValueError)
    InternalErrors().note("a test", ValueError(SECRET))  # which was never raised
    raised, noted = warnings(caplog)

    assert raised.startswith("Codex Continuity has a fault (ValueError at test_errors.py:")
    assert "in the request hook). The traffic passes as the client sent it." in raised
    assert "(ValueError at an unknown line in a test)" in noted


def test_a_fault_is_counted_and_said_once_for_each_kind_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults = InternalErrors()
    for _ in range(3):
        fail(faults, ValueError)
    fail(faults, TypeError)
    fail(faults, ValueError, "the response hook")
    summary = faults.summary()

    with faults.noted("what goes well"):
        pass

    assert len(warnings(caplog)) == 3
    assert len(summary) == 1
    assert summary[0].startswith("Codex Continuity had a fault 3 times: ValueError at test_errors.py:")
    assert SECRET not in caplog.text + summary[0]
    assert "tests/proxy/test_errors.py" not in " ".join([*warnings(caplog), *summary])


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_held_back(kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        fail(InternalErrors(), kind)
