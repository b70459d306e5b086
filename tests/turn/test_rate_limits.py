"""How much of a rate limit is used, as the backend tells it, and by how much it went up from turn to turn."""

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.rate_limits import Limit, RateLimits, limits_in_event, limits_in_headers

HERE = ("chatgpt.com", "account")


def test_header_fields_tell_the_limits_of_the_account_and_of_single_models() -> None:
    fields = {
        "x-codex-primary-used-percent": ["41.5"],
        "x-codex-secondary-used-percent": ["7"],
        "x-codex-primary-window-minutes": ["300"],
        "x-codex-other-primary-used-percent": ["80"],
        "x-other-primary-used-percent": ["1"],
        "content-type": ["text/event-stream"],
    }

    assert limits_in_headers(fields) == {"primary": 41.5, "secondary": 7.0, "other-primary": 80.0}


@pytest.mark.parametrize("value", ["", "much", "nan", "inf", "-1", "1e9", "9" * 5000])
def test_what_is_no_share_is_no_limit(value: str) -> None:
    assert limits_in_headers({"x-codex-primary-used-percent": [value]}) == {}


def test_an_event_tells_the_same() -> None:
    windows: Object = {"primary": {"used_percent": 41.5, "window_minutes": 300}, "secondary": {"used_percent": 7}}

    assert limits_in_event({"rate_limits": windows}) == {"primary": 41.5, "secondary": 7.0}
    assert limits_in_event({"rate_limits": windows, "limit_name": "codex"}) == {"primary": 41.5, "secondary": 7.0}
    assert limits_in_event({"rate_limits": windows, "metered_limit_name": "codex_other"}) == {
        "other-primary": 41.5,
        "other-secondary": 7.0,
    }


@pytest.mark.parametrize(
    "windows", [None, [], {}, {"primary": None}, {"primary": {"used_percent": True}}, {"primary": {"used_percent": {}}}]
)
def test_an_event_without_numbers_tells_nothing(windows: Json) -> None:
    assert limits_in_event({"rate_limits": windows, "limit_name": ["x"]}) == {}


def test_what_a_turn_moved_is_told_with_what_was_known_before() -> None:
    limits = RateLimits()

    assert limits.tell(HERE, {"primary": 41.0}) == (Limit("primary", None, 41.0),)
    assert limits.tell(HERE, {"secondary": 7.0}) == (Limit("secondary", None, 7.0),)
    assert limits.tell(HERE, {"primary": 44.0}) == (Limit("primary", 41.0, 44.0),)
    assert limits.tell(("chatgpt.com", b"another"), {"primary": 3.0}) == (Limit("primary", None, 3.0),)


def test_a_backend_that_invents_names_does_not_fill_the_memory() -> None:
    fields = {f"x-codex-n{number}-primary-used-percent": ["1"] for number in range(100)}
    limits = RateLimits()

    assert len(limits_in_headers(fields)) == len(limits.tell(HERE, limits_in_headers(fields))) == 8
