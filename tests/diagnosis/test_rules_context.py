"""What a verdict is based on."""

from codexcache.diagnosis.rules import reusable, slack
from support.records import case, record, route
from support.turns import conversation

ITEMS = conversation("a", "b", "c", "d", "e", "f", "g", "h", "i")


def test_a_case_knows_its_changes() -> None:
    first = record(1, ITEMS[:7], via=route(key="l"))
    found = case(record(2, ITEMS, at=10.0), first)

    assert found.names == ("prompt_cache_key_changed",)
    assert found.change("model_changed") is None
    assert reusable(found) == 10_000
    assert found.gap == 5.0


def test_slack_is_1024_tokens_or_5_percent() -> None:
    assert [slack(tokens) for tokens in (0, 20_480, 40_000)] == [1024, 1024, 2000]
