"""Turns taken and answered, without a socket and by a clock of the test's own."""

from typing import Any

import pytest
from embedded_backend import Received, Rules, refusals
from embedded_backend.service import Caller, Reply, Service
from support.embedded import body

type Headers = tuple[tuple[str, str], ...]

IN_SESSION = (("session-id", "session"), ("chatgpt-account-id", "account"))


def caller_of(service: Service, *headers: tuple[str, str]) -> Caller:
    received = Received(kind="request", host="chatgpt.com", method="POST", path="/", headers=headers)
    return service.caller(received)


def cached(service: Service, caller: Caller, now: float = 0, **members: Any) -> int:
    usage = service.reply(body(**members), caller, now).response["usage"]
    return int(usage["input_tokens_details"]["cached_tokens"])


def twice(service: Service, one: Caller, two: Caller) -> list[int]:
    return [cached(service, one), cached(service, two)]


def test_a_session_reads_what_it_left() -> None:
    service = Service(Rules())

    assert twice(service, caller_of(service, *IN_SESSION), caller_of(service, *IN_SESSION)) == [0, 2048]


def test_the_old_spelling_of_the_session_header_routes_too() -> None:
    service = Service(Rules())

    assert caller_of(service, ("session-id", "s")) == caller_of(service, ("session_id", "s"))


def test_a_spelling_that_the_rules_do_not_list_does_not_route() -> None:
    assert caller_of(Service(Rules(session_headers=("session-id",))), ("session_id", "s")).session is None


def test_another_account_reads_nothing() -> None:
    service = Service(Rules())
    other = caller_of(service, ("session-id", "session"), ("chatgpt-account-id", "other"))

    assert twice(service, caller_of(service, *IN_SESSION), other) == [0, 0]


def test_without_a_session_a_repeat_is_a_lottery() -> None:
    service = Service(Rules())
    reads = [cached(service, caller_of(service)) for _ in range(12)]

    assert {0, 2048} == set(reads)
    assert reads[0] == 0


def test_the_seed_settles_the_lottery() -> None:
    one, two = Service(Rules(), seed=7), Service(Rules(), seed=7)

    assert [caller_of(one).server for _ in range(20)] == [caller_of(two).server for _ in range(20)]


@pytest.mark.parametrize(("headers", "keys"), [((), 3), (IN_SESSION, 1)], ids=["no session", "a session"])
def test_a_key_is_echoed_as_sent_in_a_session_and_is_a_fresh_one_without(headers: Headers, keys: int) -> None:
    service = Service(Rules())
    caller = caller_of(service, *headers)
    echoed = [service.reply(body(prompt_cache_key="key"), caller, 0).response["prompt_cache_key"] for _ in range(2)]

    assert len({"key", *echoed}) == keys


@pytest.mark.parametrize(("rules", "read"), [(Rules(), 2048), (Rules(key_partitions=True), 0)])
def test_in_a_session_another_key_reads_the_same_unless_keys_separate(rules: Rules, read: int) -> None:
    service = Service(rules)
    caller = caller_of(service, *IN_SESSION)

    assert [cached(service, caller, prompt_cache_key=key) for key in ("a", "b")] == [0, read]


def test_after_a_long_rest_nothing_is_left() -> None:
    service = Service(Rules(idle_seconds=60))
    caller = caller_of(service, *IN_SESSION)
    cached(service, caller, now=0)

    assert cached(service, caller, now=61) == 0


def test_a_delta_counts_as_the_whole_prompt() -> None:
    service = Service(Rules())
    caller = caller_of(service, *IN_SESSION)
    first = service.reply(body(), caller, 0)
    delta = service.reply(body(input=[{"role": "user", "content": "next"}]), caller, 1, first.items)
    whole = service.reply(body(input=[*first.items, {"role": "user", "content": "next"}]), caller, 2)

    assert delta.response["usage"]["input_tokens"] == whole.response["usage"]["input_tokens"]
    assert delta.response["usage"]["output_tokens"] == whole.response["usage"]["output_tokens"]
    assert delta.items[:3] == whole.items[:3]


def test_counters_add_up() -> None:
    service = Service(Rules())
    usage = service.reply(body(), caller_of(service), 0).response["usage"]

    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_counters_can_be_left_out() -> None:
    service = Service(Rules(usage=False))

    assert service.reply(body(), caller_of(service), 0).response["usage"] is None


def test_planned_failures_are_used_up_in_order() -> None:
    service = Service(Rules(failures=(429, 200, 500)))

    assert [service.fate(caller_of(service)).status for _ in range(4)] == [429, None, 500, None]


def test_a_compaction_answers_with_its_item() -> None:
    service = Service(Rules())
    answered = service.compact({"model": "m", "input": []}, caller_of(service))

    assert isinstance(answered, Reply)
    assert [item["type"] for item in answered.response["output"]] == ["compaction"]


@pytest.mark.parametrize("member", ["stream", "store"])
def test_a_compaction_refuses_what_is_not_in_its_schema(member: str) -> None:
    service = Service(Rules())

    assert isinstance(service.compact({member: True}, caller_of(service)), refusals.Refusal)
