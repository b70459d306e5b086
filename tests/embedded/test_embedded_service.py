"""Turns taken and answered, without a socket and by a clock of the test's own."""

from typing import Any

import pytest
from embedded_backend import Received, Rules, refusals
from embedded_backend.service import Caller, Service
from support.embedded import body

IN_SESSION = (("session-id", "session"), ("chatgpt-account-id", "account"))


def _caller(service: Service, *headers: tuple[str, str]) -> Caller:
    received = Received(kind="request", host="chatgpt.com", method="POST", path="/", headers=headers)
    return service.caller(received)


def _cached(service: Service, caller: Caller, now: float = 0, **members: Any) -> int:
    usage = service.reply(body(**members), caller, now).response["usage"]
    return int(usage["input_tokens_details"]["cached_tokens"])


def _twice(service: Service, one: Caller, two: Caller) -> list[int]:
    return [_cached(service, one), _cached(service, two)]


def test_a_session_reads_what_it_left() -> None:
    service = Service(Rules())

    assert _twice(service, _caller(service, *IN_SESSION), _caller(service, *IN_SESSION)) == [0, 2048]


def test_the_old_spelling_of_the_session_header_routes_too() -> None:
    service = Service(Rules())

    assert _caller(service, ("session-id", "s")) == _caller(service, ("session_id", "s"))


def test_a_spelling_that_the_rules_do_not_list_does_not_route() -> None:
    assert _caller(Service(Rules(session_headers=("session-id",))), ("session_id", "s")).session is None


def test_another_account_reads_nothing() -> None:
    service = Service(Rules())
    other = _caller(service, ("session-id", "session"), ("chatgpt-account-id", "other"))

    assert _twice(service, _caller(service, *IN_SESSION), other) == [0, 0]


def test_without_a_session_a_repeat_is_a_lottery() -> None:
    service = Service(Rules())
    reads = [_cached(service, _caller(service)) for _ in range(12)]

    assert {0, 2048} == set(reads)
    assert reads[0] == 0


def test_the_seed_settles_the_lottery() -> None:
    one, two = Service(Rules(), seed=7), Service(Rules(), seed=7)

    assert [_caller(one).server for _ in range(20)] == [_caller(two).server for _ in range(20)]


def test_without_a_session_each_response_echoes_a_fresh_key() -> None:
    service = Service(Rules())
    caller = _caller(service)
    echoed = [service.reply(body(prompt_cache_key="key"), caller, 0).response["prompt_cache_key"] for _ in range(2)]

    assert len({"key", *echoed}) == 3


def test_in_a_session_another_key_reads_the_same_unless_keys_separate() -> None:
    for rules, expected in ((Rules(), 2048), (Rules(key_partitions=True), 0)):
        service = Service(rules)
        caller = _caller(service, *IN_SESSION)
        _cached(service, caller, prompt_cache_key="a")

        assert expected == _cached(service, caller, prompt_cache_key="b")


def test_after_a_long_rest_nothing_is_left() -> None:
    service = Service(Rules(idle_seconds=60))
    caller = _caller(service, *IN_SESSION)
    _cached(service, caller, now=0)

    assert _cached(service, caller, now=61) == 0


def test_a_delta_stands_for_the_whole_prompt() -> None:
    service = Service(Rules())
    caller = _caller(service, *IN_SESSION)
    first = service.reply(body(), caller, 0)
    delta = service.reply(body(input=[{"role": "user", "content": "next"}]), caller, 1, first.items)
    whole = service.reply(body(input=[*first.items, {"role": "user", "content": "next"}]), caller, 2)

    assert delta.response["usage"] == whole.response["usage"] | {"input_tokens_details": _details(delta)}
    assert delta.items[:3] == whole.items[:3]


def _details(reply: Any) -> Any:
    return reply.response["usage"]["input_tokens_details"]


def test_counters_add_up() -> None:
    service = Service(Rules())
    usage = service.reply(body(), _caller(service), 0).response["usage"]

    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_counters_can_be_left_out() -> None:
    service = Service(Rules(usage=False))

    assert service.reply(body(), _caller(service), 0).response["usage"] is None


def test_planned_failures_are_used_up_in_order() -> None:
    service = Service(Rules(failures=(429, 200, 500)))

    assert [service.failure() for _ in range(4)] == [429, None, 500, None]


def test_a_compaction_answers_with_its_item() -> None:
    service = Service(Rules())
    answered = service.compact({"model": "m", "input": []}, _caller(service), 0)

    assert not isinstance(answered, refusals.Refusal)
    assert [item["type"] for item in answered["output"]] == ["compaction"]


@pytest.mark.parametrize("member", ["stream", "store"])
def test_a_compaction_refuses_what_is_not_in_its_schema(member: str) -> None:
    service = Service(Rules())

    assert isinstance(service.compact({member: True}, _caller(service), 0), refusals.Refusal)
