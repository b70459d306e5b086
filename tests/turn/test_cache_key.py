"""Which key a turn gets: the ladder, and how conversations stick to their key."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from codexcache.body.json_splice import Json
from codexcache.turn.cache_key import CacheKey, KeyMemory, KeySource, choose_key
from support.turns import NATIVE, Headers, bearer, conversation, said, turn, user

TOKEN = {"authorization": "Bearer opaque"}
ACCOUNT = {"chatgpt-account-id": "acc"}


class Client:
    """Sends turns one after the other through one memory."""

    def __init__(self, pin: bool = False) -> None:
        self.memory, self.pin = KeyMemory(), pin

    def send(
        self, headers: Headers | None = None, body: dict[str, Json] | None = None, last: CacheKey | None = None
    ) -> CacheKey:
        """Return the identity of the next turn."""
        sent = turn(headers, body)
        cache_key = choose_key(sent, self.memory, pin=self.pin, last=last)
        self.memory.remember(sent, cache_key)
        return cache_key

    def answered(self, response_id: str, cache_key: CacheKey, headers: Headers | None = None) -> None:
        """Take in that a turn was answered by this response."""
        self.memory.remember_response(turn(headers), response_id, cache_key)

    def key(self, headers: Headers | None = None, /, **body: Json) -> str | None:
        return self.send(headers, body).key


def first(headers: Headers | None = None, /, **body: Json) -> CacheKey:
    """Return the identity of a turn that nothing went before."""
    return Client().send(headers, body)


ALL_HEADERS = {"session-id": "session", "idempotency-key": "idempotency", **TOKEN, **ACCOUNT}


@pytest.mark.parametrize(
    ("headers", "body", "source"),
    [
        pytest.param(ALL_HEADERS, {"prompt_cache_key": "explicit", "input": "a"}, "prompt_cache_key", id="its own key"),
        pytest.param(ALL_HEADERS, {"input": "a"}, "session", id="then the session"),
        pytest.param({"idempotency-key": "i", **TOKEN}, {"input": "a"}, "idempotency_key", id="then Idempotency-Key"),
        pytest.param({**TOKEN, **ACCOUNT}, {"input": "a"}, "conversation", id="then the conversation"),
        pytest.param(TOKEN, {}, "principal", id="then the principal"),
        pytest.param({**TOKEN, **ACCOUNT}, {}, "account", id="an opaque token by its account"),
        pytest.param(ACCOUNT, {}, "account", id="then the account"),
        pytest.param({}, {}, "none", id="then there is nothing to go by"),
        pytest.param({}, {"input": "a"}, "conversation", id="a conversation without a caller"),
    ],
)
def test_the_first_rung_with_a_usable_value_wins(headers: Headers, body: dict[str, Json], source: KeySource) -> None:
    assert first(headers, **body).source == source


@pytest.mark.parametrize(
    ("headers", "body", "key"),
    [
        pytest.param(ALL_HEADERS, {"prompt_cache_key": " explicit "}, "explicit", id="its own key"),
        pytest.param(ALL_HEADERS, {}, "session", id="the session"),
        pytest.param({"Idempotency-Key": "i"}, {}, "i", id="the Idempotency-Key"),
        pytest.param({}, {"conversation": {"id": "c"}}, "c", id="the conversation object"),
    ],
)
def test_what_the_client_said_is_the_key(headers: Headers, body: dict[str, Json], key: str) -> None:
    assert first(headers, **body).key == key


@pytest.mark.parametrize("value", ["", " ", "a\x00", None, 7, True, [], {}], ids=repr)
def test_an_unusable_key_is_as_if_it_were_absent(value: Json) -> None:
    assert first({"session_id": "s"}, prompt_cache_key=value) == CacheKey(key="s", source="session")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"x-client-request-id": "r"}, {}, id="x-client-request-id"),
        pytest.param({"traceparent": "t", "x-trace-id": "t", "cf-ray": "c"}, {}, id="trace ids"),
        pytest.param({}, {"metadata": {"user_id": "u"}}, id="metadata.user_id"),
        pytest.param({}, {"user": "u", "safety_identifier": "u"}, id="the user"),
    ],
)
def test_these_are_never_sources(headers: Headers, body: dict[str, Json]) -> None:
    assert first(headers, **body) == CacheKey(key=None, source="none")


TWO_LONG = ("x" * 64 + "1", "x" * 64 + "2")


@pytest.mark.parametrize("headers", [{}, NATIVE], ids=["any client", "the official client"])
def test_two_long_keys_that_share_64_characters_stay_distinct(headers: Headers) -> None:
    keys = {first(headers, prompt_cache_key=value).key or "" for value in TWO_LONG}

    assert len(keys) == 2
    assert {uuid.UUID(key).version for key in keys} == {5}


def test_a_long_value_becomes_the_same_key_wherever_it_comes_from() -> None:
    long = TWO_LONG[0]
    identities = [first(prompt_cache_key=long), first({"session_id": long}), first({"idempotency-key": long})]

    assert len({cache_key.key for cache_key in identities}) == 1


PINNED = {
    "conversation": "6173ea08-13ac-5f78-ab27-b7a83d27d402",
    "conversation without a caller": "ca89c9f9-9e03-5ff6-bf75-923a281e41dd",
    "principal": "d22d3a68-9b3d-57ab-843e-3ee542ecc64e",
    "opaque principal": "1c58e178-fbcf-51b6-8c81-a021ce54afc1",
    "account": "d8868ffa-dd0b-551e-9627-d050ce6465a4",
}
CASES: dict[str, tuple[Headers, dict[str, Json]]] = {
    "conversation": (
        {"authorization": bearer(iss="i", sub="s", account_id="a")},
        {"instructions": "Be brief.", "input": "hi"},
    ),
    "conversation without a caller": ({}, {"input": "hi"}),
    "principal": ({"authorization": bearer(iss="i", sub="s", account_id="a")}, {}),
    "opaque principal": (TOKEN, {}),
    "account": (ACCOUNT, {}),
}


@pytest.mark.parametrize("name", PINNED)
def test_a_derived_key_is_the_same_on_every_machine(name: str) -> None:
    """These never change: others would orphan every cached prompt."""
    headers, body = CASES[name]

    assert first(headers, **body).key == PINNED[name]


def test_a_derived_key_is_the_same_in_another_process() -> None:
    script = (
        "import test_cache_key as t; print(t.first(*t.CASES['conversation'][:1], **t.CASES['conversation'][1]).key)"
    )
    known = [entry for entry in sys.path if Path(entry).name in ("addons", "tests")]
    path = os.pathsep.join([*known, str(Path(__file__).parent)])
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed}
        found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)

        assert found.stdout.decode().strip() == PINNED["conversation"]


def test_a_refreshed_token_derives_the_same_key() -> None:
    old, new = ({"authorization": bearer(sub="s", exp=exp, jti=str(exp))} for exp in (1, 2))

    assert first(old).key == first(new).key
    assert first(old, input="hi").key == first(new, input="hi").key


def test_a_changed_opaque_token_of_an_account_derives_the_same_key() -> None:
    assert first({**TOKEN, **ACCOUNT}).key == first({"authorization": "Bearer another", **ACCOUNT}).key


CALLERS: dict[str, Headers] = {
    "nobody": {},
    "an opaque token": {"authorization": "Bearer x"},
    "another opaque token": {"authorization": "Bearer y"},
    "an account": {"chatgpt-account-id": "x"},
    "an account called like a token": {"chatgpt-account-id": "Bearer x"},
    "a user": {"authorization": bearer(sub="x")},
    "another user": {"authorization": bearer(sub="y")},
    "the user at another account": {"authorization": bearer(sub="x", account_id="z")},
    "the user of another issuer": {"authorization": bearer(sub="x", iss="z")},
}


@pytest.mark.parametrize("body", [{}, {"input": "hi"}, {"input": "hi", "instructions": "i"}], ids=repr)
def test_two_callers_never_share_a_derived_key(body: dict[str, Json]) -> None:
    keys = [first(headers, **body).key for headers in CALLERS.values()]

    assert len(set(keys)) == len(CALLERS)


def test_derived_keys_of_different_rungs_differ() -> None:
    headers = {"authorization": bearer(sub="x")}

    assert first(headers).key != first(headers, input="x").key


def test_no_credential_account_or_user_can_be_read_from_a_derived_key() -> None:
    key = first({"authorization": bearer(sub="someone"), **ACCOUNT}).key or ""

    assert uuid.UUID(key).version == 5
    assert "someone" not in key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"input": "a"}, {"input": "b"}, id="the first user message"),
        pytest.param({"input": "a" * 9000 + "b"}, {"input": "a" * 9000 + "c"}, id="its very end"),
        pytest.param({"input": "a", "instructions": "x"}, {"input": "a", "instructions": "y"}, id="the instructions"),
    ],
)
def test_conversations_are_told_apart_by(one: dict[str, Json], other: dict[str, Json]) -> None:
    assert first(**one).key != first(**other).key


def test_instructions_count_as_far_as_256_characters() -> None:
    """What follows is often a date, a folder, or a list of files."""
    one, other = first(input="a", instructions="i" * 256 + "1"), first(input="a", instructions="i" * 256 + "2")

    assert one == other


def test_a_later_turn_of_a_forgotten_conversation_derives_its_key_again() -> None:
    """After a restart nothing is remembered, but the opening is still there."""
    assert first(input=conversation("a", "b", "c")).key == first(input=conversation("a")).key


# Conversations stick to their key.

TURNS = [conversation("a"), conversation("a", "b", "c"), conversation("a", "b", "c", "d", "e")]


@pytest.mark.parametrize("name", ["session-id", "session_id", "x-session-affinity", "Idempotency-Key"])
def test_an_id_that_is_new_on_every_request_costs_nothing_after_the_first_turn(name: str) -> None:
    client = Client()
    keys = [client.key({name: f"id{index}"}, input=items) for index, items in enumerate(TURNS)]

    assert keys == ["id0", "id0", "id0"]


def test_a_session_in_the_body_that_is_new_on_every_request_costs_nothing_either() -> None:
    client = Client()
    keys = [client.key(metadata={"session_id": f"id{index}"}, input=items) for index, items in enumerate(TURNS)]

    assert keys == ["id0", "id0", "id0"]


def test_a_turn_that_goes_on_says_so_and_keeps_the_first_turns_source() -> None:
    client = Client()
    identities = [client.send({"session_id": f"s{index}"}, {"input": items}) for index, items in enumerate(TURNS)]

    assert identities[0] == CacheKey(key="s0", source="session", inherited=False)
    assert identities[1:] == [CacheKey(key="s0", source="session", inherited=True)] * 2


def test_a_conversation_that_began_with_an_explicit_key_keeps_it_when_the_key_is_left_out() -> None:
    client = Client()
    client.send(body={"prompt_cache_key": "k", "input": TURNS[0]})

    assert client.send({"session_id": "s"}, {"input": TURNS[1]}) == CacheKey(
        key="k", source="prompt_cache_key", inherited=True
    )


def test_the_official_client_sticks_as_well_where_it_sends_no_key() -> None:
    client = Client()

    assert [client.key({**NATIVE, "session_id": f"s{n}"}, input=items) for n, items in enumerate(TURNS)] == ["s0"] * 3


def test_the_clients_own_key_wins_over_the_conversation_in_fill() -> None:
    client = Client()
    keys = [client.key(prompt_cache_key=f"k{index}", input=items) for index, items in enumerate(TURNS)]

    assert keys == ["k0", "k1", "k2"]


def test_a_retry_without_a_session_keeps_its_key() -> None:
    client = Client()

    assert [client.key({"Idempotency-Key": key}, input="a") for key in ("i1", "i2")] == ["i1", "i1"]


def test_a_retry_of_a_later_turn_keeps_the_conversations_key_whatever_its_session() -> None:
    client = Client()
    keys = [client.key({"session_id": f"s{n}"}, input=TURNS[index]) for n, index in enumerate([0, 1, 1, 2])]

    assert keys == ["s0"] * 4


def test_two_conversations_with_the_same_opener_are_told_apart_by_their_sessions() -> None:
    client = Client()
    one, two = {"session_id": "s1"}, {"session_id": "s2"}
    keys = [client.key(headers, input=items) for items in TURNS for headers in (one, two)]

    assert keys == ["s1", "s2"] * 3


def test_two_conversations_part_with_their_second_message_also_where_sessions_are_new_on_every_request() -> None:
    """With the same opener and new sessions, the second turn goes to the latest; from there on they are apart."""
    client = Client()
    client.send({"session_id": "s1"}, {"input": TURNS[0]})
    client.send({"session_id": "s2"}, {"input": TURNS[0]})
    keys = [client.key({"session_id": f"x{end}"}, input=conversation("a", "b", end)) for end in ("c", "C")]

    assert keys == ["s2", "s2"]


def test_another_caller_does_not_go_on_with_a_conversation() -> None:
    client = Client()
    client.send({"session_id": "s1", "authorization": bearer(sub="alice")}, {"input": TURNS[0]})

    assert client.key({"session_id": "s2", "authorization": bearer(sub="bob")}, input=TURNS[1]) == "s2"


def test_a_refreshed_token_goes_on_with_its_conversation() -> None:
    client = Client()
    client.send({"session_id": "s1", "authorization": bearer(sub="alice", exp=1)}, {"input": TURNS[0]})

    assert client.key({"session_id": "s2", "authorization": bearer(sub="alice", exp=2)}, input=TURNS[1]) == "s1"


def test_an_edited_history_does_not_go_on() -> None:
    client = Client()
    client.send({"session_id": "s1"}, {"input": TURNS[0]})

    assert client.key({"session_id": "s2"}, input=conversation("A", "b", "c")) == "s2"


# Warm-ups.

WARM_UP: dict[str, Json] = {"generate": False, "input": []}


@pytest.mark.parametrize(
    ("headers", "body", "cache_key"),
    [
        pytest.param({}, {"prompt_cache_key": "k"}, CacheKey(key="k", source="prompt_cache_key"), id="its own key"),
        pytest.param({"session-id": "s"}, {}, CacheKey(key="s", source="session"), id="its session"),
        pytest.param({"idempotency-key": "i"}, {}, CacheKey(key=None, source="none"), id="no Idempotency-Key"),
        pytest.param({**TOKEN, **ACCOUNT}, {}, CacheKey(key=None, source="none"), id="nothing derived"),
    ],
)
def test_a_warm_up_passes_on(headers: Headers, body: dict[str, Json], cache_key: CacheKey) -> None:
    assert first(headers, **WARM_UP, **body) == cache_key


def test_a_warm_up_is_not_gone_on_with() -> None:
    client = Client()
    client.send({"session_id": "warm"}, WARM_UP)

    assert client.key({"session_id": "s"}, input="a") == "s"


def test_a_developer_message_alone_is_not_gone_on_with() -> None:
    client = Client()
    client.send({"session_id": "s1"}, {"input": [said("developer", "d")]})

    assert client.key({"session_id": "s2"}, input=[said("developer", "d"), user("a")]) == "s2"


# Turns that name a previous response.


def test_a_turn_that_names_a_response_keeps_the_key_of_its_turn() -> None:
    client = Client()
    client.answered("r1", CacheKey(key="named", source="session"))
    found = client.send({"session_id": "s"}, {"previous_response_id": "r1"}, CacheKey(key="last", source="session"))

    assert found == CacheKey(key="named", source="session", inherited=True)


def test_a_turn_that_names_an_unknown_response_keeps_the_key_of_the_sockets_last_turn() -> None:
    found = Client().send(body={"previous_response_id": "r9"}, last=CacheKey(key="last", source="conversation"))

    assert found == CacheKey(key="last", source="conversation", inherited=True)


def test_without_a_last_turn_it_climbs_the_ladder() -> None:
    found = Client().send({"session_id": "s"}, {"previous_response_id": "r9"})

    assert found == CacheKey(key="s", source="session")


def test_a_last_turn_without_a_key_is_as_none() -> None:
    last = CacheKey(key=None, source="none")

    assert Client().send({"session_id": "s"}, {"previous_response_id": "r"}, last) == first({"session_id": "s"})


def test_a_turn_that_names_no_response_does_not_follow_the_sockets_last_one() -> None:
    last = CacheKey(key="last", source="session")

    assert Client().send({"session_id": "s"}, {"input": "a"}, last).key == "s"


def test_an_explicit_key_wins_over_the_named_response_in_fill() -> None:
    client = Client()
    client.answered("r1", CacheKey(key="named", source="session"))

    assert client.key(previous_response_id="r1", prompt_cache_key="k") == "k"


def test_another_callers_response_gives_no_key() -> None:
    client = Client()
    client.answered("r1", CacheKey(key="named", source="session"), {"authorization": bearer(sub="alice")})

    assert client.key({"authorization": bearer(sub="bob"), "session_id": "s"}, previous_response_id="r1") == "s"


# Pin.


def test_pin_holds_a_changed_key_to_the_conversations_first() -> None:
    client = Client(pin=True)
    keys = [client.key(prompt_cache_key=f"k{index}", input=items) for index, items in enumerate(TURNS)]

    assert keys == ["k0", "k0", "k0"]


def test_pin_leaves_the_official_client_alone() -> None:
    client = Client(pin=True)
    keys = [client.key(NATIVE, prompt_cache_key=f"k{index}", input=items) for index, items in enumerate(TURNS)]

    assert keys == ["k0", "k1", "k2"]


def test_pin_lets_a_new_conversation_have_a_key_of_its_own() -> None:
    client = Client(pin=True)

    assert [client.key(prompt_cache_key=f"k{text}", input=text) for text in "ab"] == ["ka", "kb"]


def test_pin_tells_conversations_with_one_opener_apart_by_session() -> None:
    client = Client(pin=True)
    keys = [
        client.key({"session_id": session}, prompt_cache_key=f"k{session}{index}", input=items)
        for index, items in enumerate(TURNS)
        for session in ("s1", "s2")
    ]

    assert keys == ["ks10", "ks20"] * 3


def test_pin_holds_a_turn_that_names_a_response() -> None:
    client = Client(pin=True)
    client.answered("r1", CacheKey(key="named", source="prompt_cache_key"))

    assert client.key(previous_response_id="r1", prompt_cache_key="k") == "named"
