"""A turn is read once, from headers and body."""

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.request import ParsedBody, parse_body, read_client_headers, read_turn
from codexcache.wire.headers import values_by_name, with_length
from hypothesis import assume, given
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import NATIVE, Headers, client_headers, said, turn, user

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


@pytest.mark.parametrize("index", range(len(SESSION_HEADERS)))
def test_each_of_these_headers_names_the_session_and_the_first_of_the_list_counts(index: int) -> None:
    name = SESSION_HEADERS[index]

    assert turn({name.title(): " s "}).session == "s"
    assert turn({name: name for name in reversed(SESSION_HEADERS[index:])}).session == name


@pytest.mark.parametrize("index", range(len(SESSION_MEMBERS)))
def test_of_several_members_the_first_of_the_list_counts(index: int) -> None:
    assert turn({}, dict(reversed(SESSION_MEMBERS[index:]))).session == SESSION_MEMBERS[index][0]


def test_a_header_comes_before_a_member_and_an_unusable_one_gives_way_to_the_next() -> None:
    assert turn({"x-claude-code-session-id": "h"}, dict(SESSION_MEMBERS)).session == "h"
    assert turn({"session-id": " ", "session_id": "s"}).session == "s"
    assert turn(conversation="c").session == "c"


@pytest.mark.parametrize(
    ("headers", "members"),
    [
        pytest.param({}, {"client_metadata": "s"}, id="a string instead of metadata"),
        pytest.param({}, {"metadata": {"user_id": "u"}}, id="a user"),
        pytest.param({}, {"conversation": {"id": None}}, id="a conversation without an id"),
        pytest.param({}, {"conversation": ["c"]}, id="a list"),
        pytest.param({}, {"metadata": {"session_id": " "}}, id="a blank session"),
        pytest.param({}, {"client_metadata": {"session_id": 7}}, id="a number"),
        pytest.param({}, {"client_metadata": {"x-client-request-id": "r", "trace_id": "t"}}, id="ids of requests"),
        pytest.param({"x-client-request-id": "r"}, {}, id="a request id"),
        pytest.param({"traceparent": "t", "x-trace-id": "t", "x-request-id": "r"}, {}, id="trace ids"),
        pytest.param({"session-id": "", "session_id": "\x1b[0m"}, {}, id="unusable sessions"),
        pytest.param({"thread-id": "t"}, {}, id="a thread"),
    ],
)
def test_these_name_no_session(headers: Headers, members: Object) -> None:
    assert turn(headers, members).session is None


@pytest.mark.parametrize("name", ["thread-id", "thread_id", "Thread-ID", "x-codex-window-id", "x-codex-turn-metadata"])
@pytest.mark.parametrize("value", ["t", ""])
def test_the_official_client_is_known_by_one_of_these_headers(name: str, value: str) -> None:
    assert client_headers({name: value}).native


def test_other_headers_do_not_make_a_client_the_official_one() -> None:
    names = ("session_id", "originator", "user-agent", "x-codex-installation-id")

    assert not client_headers(dict.fromkeys(names, "codex_cli_rs")).native


@pytest.mark.parametrize(
    ("member", "attribute", "values"),
    [
        ("prompt_cache_key", "explicit_key", [("k", "k"), (" k ", "k"), ("", None), (None, None), (["k"], None)]),
        ("previous_response_id", "previous_response_id", [("r", "r"), ("", None), (None, None), (7, None)]),
        ("generate", "warm_up", [(False, True), (True, False), (None, False), (0, False), ("", False)]),
        ("model", "model", [("m", "m"), (None, ""), (7, "")]),
    ],
)
def test_a_member_is_read_in_usable_form(member: str, attribute: str, values: list[tuple[Json, object]]) -> None:
    for value, expected in values:
        found = getattr(turn({}, {member: value}), attribute)

        assert (found, type(found)) == (expected, type(expected))


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
        reading.lines,
    )


names = ("model", "instructions", "tools", "reasoning", "text", "service_tier", "parallel_tool_calls")
others = ("client_metadata", "prompt_cache_key", "previous_response_id", "generate", "metadata", "conversation")
given_values: list[Json] = ["a", "b", False, {"session_id": "s", "effort": "low"}, [{"name": "shell"}], None]
documents = st.dictionaries(st.sampled_from([*names, *others]), st.sampled_from(given_values))
given_items: list[Json] = [
    user("u"),
    said("developer", "d"),
    said("assistant", "A line that is long enough to be of one text only."),
    {"type": "additional_tools", "tools": []},
]
inputs = st.lists(st.sampled_from(given_items), max_size=4)


@prop
@given(documents, documents, st.sets(st.sampled_from([*names, *others])), inputs, inputs)
def test_a_turn_that_extends_another_says_what_it_says_by_itself(
    was: Object, other: Object, altered: set[str], earlier: list[Json], new: list[Json]
) -> None:
    """Only what is told to have changed in the members besides its input is read again.

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
    sent = read_turn(
        client_headers({"session-id": "s", **NATIVE}),
        {},
        transport="http",
        host="chatgpt.com",
        endpoint="compact",
        unread="it is not JSON",
    )

    assert (sent.session, sent.client_headers.native, sent.endpoint) == ("s", True, "compact")
    assert (sent.model, sent.explicit_key, sent.first_user_message, len(sent.prompt.items)) == ("", None, None, 0)
    assert (sent.unread, turn().unread) == ("it is not JSON", "")
