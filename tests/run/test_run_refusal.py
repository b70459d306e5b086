"""Why the proxy did not come to listen."""

import pytest
from codex_run.refusal import why_not


def said(written: str, status: int | None = 1) -> str:
    return why_not(written, port="8080", status=status, seconds=60)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[Errno 98] Address already in use", "Port 8080 is in use by another program. Leave --port out for a free"),
        ("usage: x\nmitmdump: error: no such option\n", "The proxy did not start: no such option"),
        ("ValueError: a\n\nErrors logged during startup, exiting...\n", "The proxy did not start: ValueError: a"),
        ("", "The proxy did not start: it ended with status 1 and said nothing. With the same options, but without"),
    ],
)
def test_one_that_has_ended_is_quoted_with_its_last_line(written: str, expected: str) -> None:
    assert said(written).startswith(expected)


def test_one_that_takes_too_long_is_quoted_with_its_last_lines() -> None:
    written = "\n".join(f"line {number}" for number in range(1, 9))

    assert said(written, None) == (
        "The proxy did not start within 60 seconds. The last that it said:\n"
        "  line 4\n  line 5\n  line 6\n  line 7\n  line 8"
    )


def test_of_one_that_takes_too_long_and_is_silent_the_likely_cause_is_named() -> None:
    assert said("", None).startswith(
        "The proxy did not start within 60 seconds and said nothing: this machine is very busy, or an addon of yours "
        "(-s) holds it up. With the same options, but without the -- and the command, scripts/run shows"
    )
