"""A turn is read once, from headers and body."""

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.request import ParsedBody, parse_body, read_client_headers, read_turn, unread_turn
from codexcache.wire.headers import values_by_name, with_length
from hypothesis import assume, given
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import NATIVE, Headers, bearer, client_headers, said, turn, user

SESSION_HEADERS = (
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "conversation-id",
    "conversation_id",
    "x-claude-code-session-id",
)
SESSION_MEMBERS: list[tuple[str, Json]] = [
    ("client_metadata", {"session_id": "client_metadata"}),
    ("metadata", {"session_id": "metadata"}),
    ("conversation", {"id": "conversation"}),
]


@pytest.mark.parametrize("name", SESSION_HEADERS)
def test_each_of_these_headers_names_the_session(name: str) -> None:
    assert turn({name.title(): " s "}).session == "s"


@pytest.mark.parametrize("index", range(len(SESSION_HEADERS)))
def test_of_several_session_headers_the_first_of_the_list_counts(index: int) -> None:
    headers = {name: name for name in reversed(SESSION_HEADERS[index:])}

    assert turn(headers).session == SESSION_HEADERS[index]


@pytest.mark.parametrize("index", range(len(SESSION_MEMBERS)))
def test_of_several_members_the_first_of_the_list_counts(index: int) -> None:
    members = dict(reversed(SESSION_MEMBERS[index:]))

    assert turn({}, members).session == SESSION_MEMBERS[index][0]


def test_a_header_comes_before_a_member() -> None:
    assert turn({"x-claude-code-session-id": "h"}, dict(SESSION_MEMBERS)).session == "h"


def test_a_conversation_may_be_named_by_a_string() -> None:
    assert turn(conversation="c").session == "c"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"client_metadata": "s"}, id="a string instead of metadata"),
        pytest.param({"metadata": {"user_id": "u"}}, id="a user"),
        pytest.param({"conversation": {"id": None}}, id="a conversation without an id"),
        pytest.param({"conversation": ["c"]}, id="a list"),
        pytest.param({"metadata": {"session_id": " "}}, id="a blank session"),
        pytest.param({"client_metadata": {"session_id": 7}}, id="a number"),
        pytest.param({"client_metadata": {"x-client-request-id": "r", "trace_id": "t"}}, id="ids of requests"),
    ],
)
def test_these_members_name_no_session(members: dict[str, Json]) -> None:
    assert turn({}, members).session is None


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-client-request-id": "r"}, id="a request id"),
        pytest.param({"traceparent": "t", "x-trace-id": "t", "x-request-id": "r"}, id="trace ids"),
        pytest.param({"session-id": "", "session_id": "\x1b[0m"}, id="unusable sessions"),
        pytest.param({"thread-id": "t"}, id="a thread"),
    ],
)
def test_these_headers_name_no_session(headers: Headers) -> None:
    assert turn(headers).session is None


def test_an_unusable_session_header_gives_way_to_the_next() -> None:
    assert turn({"session-id": " ", "session_id": "s"}).session == "s"


@pytest.mark.parametrize("name", ["thread-id", "thread_id", "Thread-ID", "x-codex-window-id", "x-codex-turn-metadata"])
@pytest.mark.parametrize("value", ["t", ""])
def test_the_official_client_is_known_by_one_of_these_headers(name: str, value: str) -> None:
    assert client_headers({name: value}).native


@pytest.mark.parametrize("name", ["session_id", "originator", "user-agent", "x-codex-installation-id"])
def test_other_headers_do_not_make_a_client_the_official_one(name: str) -> None:
    assert not client_headers({name: "codex_cli_rs"}).native


def test_an_idempotency_key_is_read_in_usable_form() -> None:
    assert turn({"Idempotency-Key": " i "}).client_headers.idempotency_key == "i"


@pytest.mark.parametrize(
    ("given", "explicit"), [("k", "k"), (" k ", "k"), ("", None), (None, None), (7, None), (["k"], None)]
)
def test_the_bodys_own_key_is_read_in_usable_form(given: Json, explicit: str | None) -> None:
    assert turn(prompt_cache_key=given).explicit_key == explicit


@pytest.mark.parametrize(("given", "previous"), [("r", "r"), ("", None), (None, None), (7, None)])
def test_the_previous_response_is_read(given: Json, previous: str | None) -> None:
    assert turn(previous_response_id=given).previous_response_id == previous


@pytest.mark.parametrize(("given", "warm_up"), [(False, True), (True, False), (None, False), (0, False), ("", False)])
def test_only_generate_false_is_a_warm_up(given: Json, warm_up: bool) -> None:
    assert turn(generate=given).warm_up is warm_up


@pytest.mark.parametrize(("given", "model"), [("m", "m"), (None, ""), (7, "")])
def test_the_model_is_read(given: Json, model: str) -> None:
    assert turn(model=given).model == model


def test_another_caller_has_another_root() -> None:
    roots = {client_headers(headers).caller_digest for headers in ({}, {"authorization": bearer(sub="a")})}

    assert len(roots) == 2


def test_a_token_and_an_account_of_the_same_name_are_two_callers() -> None:
    token, account = client_headers({"authorization": "x"}), client_headers({"chatgpt-account-id": "x"})

    assert token.caller_digest != account.caller_digest


_WORDS = st.sampled_from([b"Content-Length", b"content-length", b"a", b"b", b""])


@prop
@given(st.lists(st.lists(st.tuples(_WORDS, _WORDS), max_size=5), max_size=6))
def test_a_sender_is_read_whatever_came_before(requests: list[list[tuple[bytes, bytes]]]) -> None:
    """Most senders are the one before's, which is looked at first."""
    for fields in requests:
        assert read_client_headers(tuple(fields)).values == values_by_name(with_length(fields))


def test_turns_that_differ_in_their_length_alone_have_one_sender() -> None:
    one, other = (
        read_client_headers([(b"Content-Length", length), (b"session_id", b"s")]) for length in (b"10", b"200")
    )

    assert one is other
    assert one.fields == ((b"Content-Length", b""), (b"session_id", b"s"))


def told(reading: ParsedBody) -> object:
    """Return all that a reading says, in a form that can be compared."""
    prompt = reading.prompt
    items = [prompt.items[place] for place in range(len(prompt.items))]
    return (
        reading.fields,
        prompt.prefix,
        items,
        prompt.length,
        reading.first_user_message,
        reading.first_developer_message,
    )


names = ("model", "instructions", "tools", "reasoning", "text", "service_tier", "parallel_tool_calls")
others = ("client_metadata", "prompt_cache_key", "previous_response_id", "generate", "metadata", "conversation")
given_values: list[Json] = ["a", "b", False, {"session_id": "s", "effort": "low"}, [{"name": "shell"}], None]
documents = st.dictionaries(st.sampled_from([*names, *others]), st.sampled_from(given_values))
given_items: list[Json] = [
    user("u"),
    said("developer", "d"),
    said("assistant", "a"),
    {"type": "additional_tools", "tools": []},
]
inputs = st.lists(st.sampled_from(given_items), max_size=4)


@prop
@given(documents, documents, st.sets(st.sampled_from([*names, *others])), inputs, inputs)
def test_a_turn_that_goes_on_says_what_it_says_by_itself(
    was: Object, other: Object, altered: set[str], earlier: list[Json], new: list[Json]
) -> None:
    """Only what is told to have changed in the members beside its input is read again.

    Not tried: instructions that come or go, while a message stands there that carries them when there are no others.
    """
    now: Object = {name: value for name, value in was.items() if name not in altered}
    now |= {name: value for name, value in other.items() if name in altered}
    assume(bool(was.get("instructions")) == bool(now.get("instructions")))
    known = parse_body({**was, "input": earlier})
    for changed in (altered, None):
        document: Object = {**now, "input": new}
        read = read_turn(
            client_headers(), document, transport="http", host="h", endpoint="responses", cached=known, changed=changed
        )

        assert told(read.parsed_body) == told(parse_body({**now, "input": [*earlier, *new]}))


def test_of_a_turn_that_was_not_read_the_headers_are_known() -> None:
    """And why it was not."""
    sent = unread_turn(
        client_headers({"session-id": "s", **NATIVE}),
        transport="http",
        host="chatgpt.com",
        endpoint="compact",
        reason="it is not JSON",
    )

    assert (sent.session, sent.client_headers.native, sent.endpoint) == ("s", True, "compact")
    assert (sent.model, sent.explicit_key, sent.first_user_message, len(sent.prompt.items)) == ("", None, None, 0)
    assert (sent.unread, turn().unread) == ("it is not JSON", "")
