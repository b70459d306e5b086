"""What a team's store costs a turn, measured in small; in full it is run by hand."""

import asyncio

import pytest
from codex_bench import store
from codex_bench.store import Plan, Sent, hits, kept, line, measured, parse
from support.redis import needs_redis


@needs_redis
def test_every_conversation_has_one_key_and_right_verdicts_by_way_of_all_proxies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert asyncio.run(measured(Plan(proxies=2, conversations=20, rate=0)))

    *_, keys, without, verdicts, held = capsys.readouterr().out.splitlines()
    assert keys == "Conversations with one key, and no other's: 20 of 20"
    assert without == "The same without a store: 0"
    assert verdicts == "Turns that go on with the verdict hit: 40 of 40"
    assert "kB a conversation" in held


def sent(conversation: int, key: str, verdict: str = "hit", number: int = 1) -> Sent:
    return Sent(conversation, number, key, verdict, 0.001)


def test_a_key_that_changes_or_that_two_conversations_share_is_not_kept() -> None:
    turns = [sent(1, "a"), sent(1, "a"), sent(2, "b"), sent(2, "c"), sent(3, "d"), sent(4, "d")]

    assert kept(turns) == 1


def test_only_turns_that_go_on_count_as_hits() -> None:
    assert hits([sent(1, "a", "hit", 0), sent(1, "a", "hit"), sent(1, "a", "cold", 2)]) == 1


def test_times_are_shown_in_milliseconds() -> None:
    assert line("a", [0.001, 0.002, 0.009]).split() == ["a", "2.000", "8.860", "9.000"]


def test_by_default_it_is_a_team_of_ten() -> None:
    assert parse([]) == Plan(proxies=10, conversations=10_000, rate=100)


def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(store, "SERVER", "")

    assert store.main() == 0
    assert capsys.readouterr().out == "Redis is not here (apt-get install redis-server), so nothing was measured.\n"
