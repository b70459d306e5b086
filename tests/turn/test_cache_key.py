"""Which key a turn gets: the order of sources, and how conversations stick to their key."""

import uuid
from collections.abc import Callable, Sequence

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.cache_key import CacheKey, KeyMemory, KeySource, choose_key
from support.turns import NATIVE, Headers, bearer, conversation, said, turn

TOKEN = {"authorization": "Bearer opaque"}
ACCOUNT = {"chatgpt-account-id": "acc"}


type Given = Callable[[int, Object], tuple[Headers, Object]]
"""The headers and the body of a turn, by its number and its input."""


class Client:
    """Sends turns one after the other through one memory."""

    def __init__(self, pin: bool = False) -> None:
        self.memory, self.pin = KeyMemory(), pin

    def send(
        self, headers: Headers | None = None, body: Object | None = None, last: CacheKey | None = None
    ) -> CacheKey:
        """Return the identity of the next turn."""
        sent = turn(headers, body)
        earlier = self.memory.find(sent)
        cache_key = choose_key(sent, earlier, hold=self.pin, last=last)
        answer = said("assistant", "abcdef"[min(len(sent.prompt.items), 5)])
        self.memory.remember_response(sent, self.memory.remember(sent, cache_key, earlier), None, [answer])
        return cache_key

    def answered(self, response_id: str, cache_key: CacheKey, headers: Headers | None = None) -> None:
        """Take in that a turn was answered by this response."""
        sent = turn(headers)
        self.memory.remember_response(sent, self.memory.remember(sent, cache_key, None), response_id, ())

    def key(self, headers: Headers | None = None, /, **body: Json) -> str | None:
        return self.send(headers, body).key


def first(headers: Headers | None = None, /, **body: Json) -> CacheKey:
    """Return the identity of a turn that nothing went before."""
    return Client().send(headers, body)


ALL_HEADERS = {"session-id": "session", "idempotency-key": "idempotency", **TOKEN, **ACCOUNT}


@pytest.mark.parametrize(
    ("headers", "body", "source", "key"),
    [
        pytest.param(ALL_HEADERS, {"prompt_cache_key": " k ", "input": "a"}, "prompt_cache_key", "k", id="its own key"),
        pytest.param(ALL_HEADERS, {"input": "a"}, "session", "session", id="then the session"),
        pytest.param({}, {"conversation": {"id": "c"}, "input": "a"}, "session", "c", id="or the conversation object"),
        pytest.param({"Idempotency-Key": " i ", **TOKEN}, {"input": "a"}, "idempotency_key", "i", id="Idempotency-Key"),
    ],
)
def test_the_first_thing_the_client_said_is_the_key(
    headers: Headers, body: Object, source: KeySource, key: str
) -> None:
    assert first(headers, **body) == CacheKey(key=key, source=source)


@pytest.mark.parametrize(
    ("headers", "body", "source"),
    [
        pytest.param({**TOKEN, **ACCOUNT}, {"input": "a"}, "conversation", id="the conversation"),
        pytest.param(TOKEN, {}, "principal", id="then the principal"),
        pytest.param({**TOKEN, **ACCOUNT}, {}, "account", id="an opaque token by its account"),
        pytest.param(ACCOUNT, {}, "account", id="then the account"),
        pytest.param({}, {}, "none", id="then there is nothing to go by"),
        pytest.param({}, {"input": "a"}, "conversation", id="a conversation without a caller"),
    ],
)
def test_where_it_said_nothing_the_key_is_derived_from(headers: Headers, body: Object, source: KeySource) -> None:
    assert first(headers, **body).source == source


@pytest.mark.parametrize("value", ["", " ", "a\x00", None, 7, True, [], {}], ids=repr)
def test_an_unusable_key_is_as_if_it_were_absent(value: Json) -> None:
    assert first({"session_id": "s"}, prompt_cache_key=value) == CacheKey(key="s", source="session")


def test_ids_of_requests_and_users_are_never_sources() -> None:
    headers = {"x-client-request-id": "r", "traceparent": "t", "x-trace-id": "t", "cf-ray": "c"}
    found = first(headers, metadata={"user_id": "u"}, user="u", safety_identifier="u")

    assert found == CacheKey(key=None, source="none")


TWO_LONG = ("x" * 64 + "1", "x" * 64 + "2")


@pytest.mark.parametrize("headers", [{}, NATIVE], ids=["any client", "the official client"])
def test_two_long_keys_that_share_64_characters_stay_distinct(headers: Headers) -> None:
    """Each is the same wherever it comes from."""
    keys = {first(headers, prompt_cache_key=value).key or "" for value in TWO_LONG}
    long = TWO_LONG[0]
    identities = [first(prompt_cache_key=long), first({"session_id": long}), first({"idempotency-key": long})]

    assert len(keys) == 2
    assert {uuid.UUID(key).version for key in keys} == {5}
    assert len({cache_key.key for cache_key in identities}) == 1


USER = {"authorization": bearer(iss="i", sub="s", account_id="a")}
DERIVED: dict[str, tuple[Headers, Object, str]] = {
    "conversation": (USER, {"instructions": "Be brief.", "input": "hi"}, "6173ea08-13ac-5f78-ab27-b7a83d27d402"),
    "conversation without a caller": ({}, {"input": "hi"}, "ca89c9f9-9e03-5ff6-bf75-923a281e41dd"),
    "principal": (USER, {}, "d22d3a68-9b3d-57ab-843e-3ee542ecc64e"),
    "opaque principal": (TOKEN, {}, "1c58e178-fbcf-51b6-8c81-a021ce54afc1"),
    "account": (ACCOUNT, {}, "d8868ffa-dd0b-551e-9627-d050ce6465a4"),
}


@pytest.mark.parametrize("name", DERIVED)
def test_a_derived_key_is_the_same_on_every_machine(name: str) -> None:
    """These never change: others would orphan every cached prompt. Nor can a credential be read from them."""
    headers, body, key = DERIVED[name]

    assert first(headers, **body).key == key


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
def test_two_callers_never_share_a_derived_key(body: Object) -> None:
    keys = [first(headers, **body).key for headers in CALLERS.values()]

    assert len(set(keys)) == len(CALLERS)


def told(instructions: str) -> Object:
    """Return the body of a turn with these instructions."""
    return {"input": "a", "instructions": instructions}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"input": "a"}, {"input": "b"}, False, id="the first user message"),
        pytest.param({"input": "a" * 9000 + "b"}, {"input": "a" * 9000 + "c"}, False, id="its very end"),
        pytest.param(told("x"), told("y"), False, id="the instructions"),
        pytest.param(
            told("i" * 256 + "1"), told("i" * 256 + "2"), True, id="256 characters of them: then often a date"
        ),
        pytest.param({"input": conversation("a", "b", "c")}, {"input": conversation("a")}, True, id="not what follows"),
    ],
)
def test_conversations_are_told_apart_by(one: Object, other: Object, same: bool) -> None:
    assert (first(**one).key == first(**other).key) is same


# Conversations stick to their key.

TURNS = [conversation("a"), conversation("a", "b", "c"), conversation("a", "b", "c", "d", "e")]


def sent_in_turn(given: Given, pin: bool = False, order: Sequence[int] = (0, 1, 2)) -> list[str | None]:
    """Return the keys of a conversation's turns; headers and members besides the input are given for each."""
    client = Client(pin)
    return [client.send(*given(n, {"input": TURNS[turn]})).key for n, turn in enumerate(order)]


@pytest.mark.parametrize("pin", [False, True], ids=["fill", "pin"])
@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda n, body: ({"session-id": f"k{n}"}, body), id="session-id"),
        pytest.param(lambda n, body: ({"session_id": f"k{n}"}, body), id="session_id"),
        pytest.param(lambda n, body: ({"x-session-affinity": f"k{n}"}, body), id="x-session-affinity"),
        pytest.param(lambda n, body: ({"Idempotency-Key": f"k{n}"}, body), id="Idempotency-Key"),
        pytest.param(lambda n, body: ({**NATIVE, "session_id": f"k{n}"}, body), id="the official client's"),
        pytest.param(lambda n, body: ({}, {"metadata": {"session_id": f"k{n}"}, **body}), id="a session in the body"),
    ],
)
def test_an_id_that_is_new_on_every_request_costs_nothing_after_the_first_turn(given: Given, pin: bool) -> None:
    """Nor where one is tried again."""
    assert sent_in_turn(given, pin) == ["k0", "k0", "k0"]
    assert sent_in_turn(given, pin, [0, 1, 1, 2]) == ["k0"] * 4


def test_a_first_turn_that_is_tried_again_without_a_session_keeps_its_key() -> None:
    assert sent_in_turn(lambda n, body: ({"Idempotency-Key": f"k{n}"}, body), order=[0, 0]) == ["k0", "k0"]


@pytest.mark.parametrize(("pin", "expected"), [(False, ["s1", "s2"]), (True, ["ks10", "ks20"])])
def test_conversations_with_one_opener_are_told_apart_by_their_sessions(pin: bool, expected: list[str]) -> None:
    """In pin also where they have keys, and these change."""
    client, keys = Client(pin), list[str | None]()
    for index, items in enumerate(TURNS):
        for name in ("s1", "s2"):
            own: Object = {"prompt_cache_key": f"k{name}{index}"} if pin else {}
            keys.append(client.key({"session_id": name}, input=items, **own))

    assert keys == expected * 3


ALICE, BOB = {"authorization": bearer(sub="alice", exp=1)}, {"authorization": bearer(sub="bob")}


def test_a_conversation_outlives_its_token_and_is_not_that_of_another_caller() -> None:
    refreshed = {"authorization": bearer(sub="alice", exp=2)}
    for headers, key in ((refreshed, "s1"), (BOB, "s2")):
        client = Client()
        client.send({"session_id": "s1", **ALICE}, {"input": TURNS[0]})

        assert client.key({"session_id": "s2", **headers}, input=TURNS[1]) == key


WARM_UP: Object = {"generate": False, "input": []}


@pytest.mark.parametrize(
    ("headers", "body", "cache_key"),
    [
        pytest.param({}, {"prompt_cache_key": "k"}, CacheKey(key="k", source="prompt_cache_key"), id="its own key"),
        pytest.param({"session-id": "s"}, {}, CacheKey(key="s", source="session"), id="its session"),
        pytest.param({"idempotency-key": "i"}, {}, CacheKey(key=None, source="none"), id="no Idempotency-Key"),
        pytest.param({**TOKEN, **ACCOUNT}, {}, CacheKey(key=None, source="none"), id="nothing derived"),
    ],
)
def test_a_warm_up_passes_on(headers: Headers, body: Object, cache_key: CacheKey) -> None:
    assert first(headers, **WARM_UP, **body) == cache_key


NO_KEY = CacheKey(key=None, source="none")
LAST, NAMED = CacheKey(key="last", source="conversation"), CacheKey(key="named", source="session")


@pytest.mark.parametrize(
    ("body", "last", "expected"),
    [
        pytest.param({"previous_response_id": "r1"}, LAST, ("named", "session", True), id="the key of its turn"),
        pytest.param({"previous_response_id": "r9"}, LAST, ("last", "conversation", True), id="else the socket's last"),
        pytest.param({"previous_response_id": "r9"}, None, ("s", "session", False), id="else its own"),
        pytest.param({"previous_response_id": "r9"}, NO_KEY, ("s", "session", False), id="or that"),
        pytest.param({"input": "a"}, LAST, ("s", "session", False), id="its own, where it names none"),
    ],
)
def test_a_turn_that_names_a_response_has(body: Object, last: CacheKey | None, expected: tuple[str, str, bool]) -> None:
    client = Client()
    client.answered("r1", NAMED)
    found = client.send({"session_id": "s"}, body, last)

    assert (found.key, found.source, found.inherited) == expected


@pytest.mark.parametrize(("pin", "key"), [(False, "k"), (True, "named")], ids=["fill", "pin"])
def test_an_explicit_key_wins_over_the_named_response_in_fill_alone(pin: bool, key: str) -> None:
    client = Client(pin)
    client.answered("r1", NAMED)

    assert client.key(previous_response_id="r1", prompt_cache_key="k") == key
