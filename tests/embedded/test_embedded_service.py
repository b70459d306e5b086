"""Turns taken and answered, and what is kept of them, without a socket and by a clock of the test's own."""

import gzip
import zlib
from typing import Any

import pytest
import zstandard
from embedded_backend import Received, Rules
from embedded_backend.received import decode
from embedded_backend.service import Caller, Service
from support.embedded import body

type Headers = tuple[tuple[str, str], ...]

ACCOUNT = ("chatgpt-account-id", "account")
IN_SESSION = (("session-id", "session"), ACCOUNT)


def caller_of(service: Service, *headers: tuple[str, str]) -> Caller:
    received = Received(kind="request", host="chatgpt.com", method="POST", path="/", headers=headers)
    return service.caller(received)


def cached(service: Service, caller: Caller, **members: Any) -> int:
    usage = service.reply(body(**members), caller, 0).response["usage"]
    return int(usage["input_tokens_details"]["cached_tokens"])


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        pytest.param((("session_id", "session"), ACCOUNT), 2048, id="the header's old spelling"),
        pytest.param((("session-id", "session"), ("chatgpt-account-id", "other")), 0, id="another account"),
        pytest.param((("session-id", "another"), ACCOUNT), 0, id="another session"),
    ],
)
def test_a_session_of_an_account_reads_what_it_left(headers: Headers, read: int) -> None:
    service = Service(Rules(servers=1))

    assert [cached(service, caller_of(service, *each)) for each in (IN_SESSION, headers)] == [0, read]


def test_a_spelling_that_the_rules_do_not_list_does_not_route() -> None:
    assert caller_of(Service(Rules(session_headers=("session-id",))), ("session_id", "s")).session is None


def test_sessions_spread_over_all_servers() -> None:
    service = Service(Rules(servers=8))

    assert {caller_of(service, ("session-id", str(number))).server for number in range(200)} == set(range(8))


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


@pytest.mark.parametrize(
    ("headers", "key_partitions", "read"), [(IN_SESSION, False, 2048), (IN_SESSION, True, 0), ((), True, 2048)]
)
def test_another_key_reads_the_same_unless_keys_separate_in_a_session(
    headers: Headers, key_partitions: bool, read: int
) -> None:
    service = Service(Rules(key_partitions=key_partitions))
    caller = caller_of(service, *headers)

    assert [cached(service, caller, prompt_cache_key=key) for key in ("a", "b")] == [0, read]


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


BODY = b'{"model":"gpt-5.5"}' * 100
STREAMED = zstandard.ZstdCompressor(write_content_size=False).compress(BODY)


@pytest.mark.parametrize("body", [zstandard.compress(b"{}"), b"\x00 not decodable"])
def test_a_recorded_line_reads_back_as_it_was(body: bytes) -> None:
    received = Received(
        kind="request",
        host="chatgpt.com",
        method="POST",
        path="/backend-api/codex/responses?a=b",
        headers=(("content-encoding", "zstd"), ("cookie", "a"), ("cookie", "b")),
        body=body,
    )

    assert received == Received.from_line(received.to_line())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("", BODY), ("gzip", gzip.compress(BODY)), ("deflate", zlib.compress(BODY)[2:-4]), (" ZSTD ", STREAMED)],
    ids=["none", "gzip", "deflate without its head", "zstd without its size"],
)
def test_a_body_is_decoded(encoding: str, body: bytes) -> None:
    assert decode(body, encoding) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "snappy", "utf-8"])
def test_a_body_in_another_encoding_is_a_value_error(encoding: str) -> None:
    with pytest.raises(ValueError, match=encoding):
        decode(b"plain text", encoding)
