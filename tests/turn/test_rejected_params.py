"""Which member the backend refused, in either of its shapes, and what follows."""

import time
from collections.abc import Callable

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.rejected_params import RejectedParams, rejected_param, top_level
from codexcache.wire.routes import ESSENTIAL
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop

GATEWAY: Object = {"detail": "Unsupported parameter: stream_options"}
API: Object = {
    "error": {
        "message": "Unknown parameter: 'stream_options'.",
        "type": "invalid_request_error",
        "param": "stream_options",
        "code": "unknown_parameter",
    }
}


def frame(payload: Object) -> Object:
    """Return the error frame in which a WebSocket brings a payload."""
    return {"type": "error", "status": 400, **payload}


REFUSALS = [
    pytest.param(GATEWAY, id="the gateway's shape"),
    pytest.param(API, id="the API's shape"),
    pytest.param(frame(API), id="the API's shape in a frame"),
    pytest.param(frame(GATEWAY), id="the gateway's shape in a frame"),
    pytest.param(frame({"error": GATEWAY}), id="the gateway's shape as a frame's error"),
    pytest.param(frame({"error": "Unsupported parameter: stream_options"}), id="a frame whose error is a sentence"),
    pytest.param(frame({"message": "Unsupported parameter: stream_options"}), id="a frame with a message"),
    pytest.param(frame({"code": "unknown_parameter", "param": "stream_options"}), id="a frame with code and param"),
    pytest.param({"id": "r", **API}, id="a failed response"),
    pytest.param({"error": {"code": 7, **GATEWAY}}, id="a code that is no string"),
    pytest.param({"error": {"code": "unsupported_parameter", "param": "stream_options", "message": ""}}, id="a code"),
    pytest.param(
        {"error": {"code": None, "param": None, "message": "Unsupported parameter: 'stream_options'"}}, id="words alone"
    ),
]


@pytest.mark.parametrize("payload", REFUSALS)
def test_a_refused_member_is_named_in_every_shape(payload: Object) -> None:
    assert rejected_param(payload) == "stream_options"


@pytest.mark.parametrize(
    "sentence",
    [
        "Unsupported parameter: user",
        "Unsupported parameter: 'user' is not supported with this model.",
        "unknown parameter: `user`.",
        'Unrecognized request argument supplied: "user"',
        "Unrecognized request arguments supplied: user, metadata",
        "Unknown field: user",
        "400 Bad Request: Unsupported parameter: user",
        "The 'user' parameter is not supported",
        "Parameter 'user' is unsupported",
        "user is not supported by this endpoint",
        "'user' is not a supported parameter",
        "property user is not supported",
        "user is an unsupported parameter",
        "unknown field `user`, expected one of `input`, `model`",
        "Unsupported parameter(s): `user`",
        "The parameter `user` is unknown",
    ],
)
def test_these_sentences_refuse_a_member(sentence: str) -> None:
    assert rejected_param({"detail": sentence}) == "user"


@pytest.mark.parametrize(
    "path",
    [
        "input[13].namespace",
        "tools[0].x",
        "reasoning.context",
        "text.format.schema",
        "input.0.content[2].type",
        "tools[1]",
        "tools[0].parameters.$schema",
        "metadata.foo-bar",
        "metadata['x']",
        "input[*].namespace",
        "input[].namespace",
        "tools[3].parameters.properties.a.properties.b.items.properties.c-1",
    ],
)
def test_a_member_inside_another_is_named_as_it_stands(path: str) -> None:
    """Not for the top-level member that it is in."""
    sentences = [
        f"Unknown parameter: '{path}'.",
        f"Unsupported parameter: {path}",
        f"Unsupported parameter: {path}. Try another.",
        f"Unsupported parameter '{path}'",
        f"{path} is not supported",
        f"The parameter `{path}` is unknown",
    ]
    payloads: list[Object] = [{"detail": sentence} for sentence in sentences]
    payloads += [{"error": {"code": "unknown_parameter", "param": path, "message": "x"}}]

    assert {rejected_param(payload) for payload in payloads} == {path}
    assert top_level(path) in ("input", "tools", "reasoning", "text", "metadata")


@pytest.mark.parametrize("member", ["user-location", "x$y", "client-metadata"])
def test_a_name_is_not_cut_at_a_sign_in_it(member: str) -> None:
    """`user` may be sent as well, and was not refused."""
    sentences = [f"Unknown parameter: '{member}'.", f"Unsupported parameter: {member}", f"{member} is not supported"]

    assert {rejected_param({"detail": sentence}) for sentence in sentences} == {member}
    assert rejected_param({"error": {"code": "unknown_parameter", "param": member}}) == member
    assert top_level(member) == member


@pytest.mark.parametrize(
    "member", ["user location", "user/location", "user[x", "user.", "user..x", "user[0]x", "us\u00e9r"]
)
def test_what_is_not_understood_as_a_whole_is_not_named_in_part(member: str) -> None:
    """Not by the sentence either, where the error has a member for it."""
    sentence = f"Unknown parameter: '{member}'."

    assert rejected_param({"detail": sentence}) is None
    assert rejected_param({"error": {"code": "unknown_parameter", "param": member, "message": sentence}}) is None


@pytest.mark.parametrize("member", ESSENTIAL)
def test_a_member_that_no_turn_can_do_without_is_named_too(member: str) -> None:
    assert rejected_param({"detail": f"Unsupported parameter: {member}"}) == member
    assert rejected_param({"error": {"code": "unsupported_parameter", "param": member}}) == member


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Invalid value: 'user'.", id="an invalid value"),
        pytest.param("Unsupported value: 'temperature' does not support 0.2 with this model.", id="another one"),
        pytest.param("Invalid type for 'user': expected a string.", id="an invalid type"),
        pytest.param("Missing required parameter: 'user'.", id="a missing member"),
        pytest.param("Invalid 'user': string too long. Expected at most 64.", id="a long value"),
        pytest.param("Unsupported parameter in the body", id="no quotes and no colon"),
        pytest.param("Unsupported parameter: " + "a" * 65, id="a name that is too long"),
        pytest.param("Unsupported parameter:", id="no name"),
        pytest.param("Unsupported parameter: 7", id="a number"),
        pytest.param("Encrypted content is not supported here", id="a thing of two words"),
        pytest.param("Your account is not supported", id="an account"),
        pytest.param("You exceeded your current quota", id="a quota"),
        pytest.param("The model is not supported when using Codex with an account", id="the model"),
        pytest.param("Unknown parameter: 'input[x].name'.", id="an index that is none"),
        pytest.param("Unknown parameter: " + ".".join("abcdefghijklmnopqr"), id="a path that is too deep"),
        pytest.param("'type' is not supported", id="a frame's type"),
        pytest.param("", id="nothing"),
    ],
)
def test_these_are_about_a_value_or_something_else_and_refuse_no_member(sentence: str) -> None:
    assert rejected_param({"detail": sentence}) is None
    assert rejected_param({"error": {"message": sentence}}) is None


VALUES: list[Json] = ["user\n", "input[0] name", 7]


@pytest.mark.parametrize(
    "payload",
    [
        {"error": {"code": "invalid_value", "param": "user", "message": "Invalid."}},
        {"error": {"code": "string_above_max_length", "param": "prompt_cache_key"}},
        *({"error": {"code": "unknown_parameter", "param": value}} for value in VALUES),
        {"error": {"code": "unknown_parameter"}},
        {"error": {"code": "UNKNOWN_PARAMETER", "param": "user"}},
        {"error": {"code": ["unknown_parameter"], "param": "user"}},
        {},
        {"error": None},
        {"error": []},
        {"error": 7},
        {"detail": [{"msg": "x"}]},
        {"detail": {}},
        {"message": 7},
    ],
    ids=repr,
)
def test_a_payload_that_names_no_refused_member_names_none(payload: Object) -> None:
    assert rejected_param(payload) is None


WORDS = [*("unsupported parameter: ", "user", "the ", "parameter ", " is not supported", " "), *"'`\"é_K\x1b\u202e"]
json_values = st.recursive(
    st.none() | st.integers() | st.lists(st.sampled_from(WORDS), max_size=8).map("".join),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "detail", "code"]), inner),
    max_leaves=5,
)


@prop
@given(st.dictionaries(st.sampled_from(["error", "detail", "message", "code", "param"]), json_values))
def test_any_payload_is_read(payload: Object) -> None:
    member = rejected_param(payload)

    assert member is None or (1 <= len(member) <= 200 and member.isascii() and member.isidentifier())


HUGE = 1 << 20


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("unsupported parameter: " + "a" * HUGE, id="a name"),
        pytest.param("unsupported " * (HUGE // 12), id="one word again and again"),
        pytest.param("the parameter " * (HUGE // 14), id="the start of the other sentence"),
        pytest.param("a" * HUGE, id="letters"),
        pytest.param("'" * HUGE, id="quotes"),
        pytest.param("a " * (HUGE // 2), id="short words"),
    ],
)
def test_a_megabyte_of_hostile_words_takes_little_time(text: str) -> None:
    start = time.perf_counter()
    found = [rejected_param({"detail": text}), rejected_param({"error": {"code": "unknown_parameter", "param": text}})]

    assert found == [None, None]
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("learn", "one", "other", "sentence"),
    [
        pytest.param(
            RejectedParams.key_refused,
            ("compact", "chatgpt.com", "m"),
            ("compact", "chatgpt.com", "m2"),
            "chatgpt.com refused the prompt_cache_key that was added to /compact for 'm'. It is not added there again; "
            "the session headers still are.",
            id="a refused key",
        ),
        pytest.param(
            RejectedParams.member_learned,
            ("user", "chatgpt.com", "m"),
            ("metadata", "chatgpt.com", "m"),
            "chatgpt.com refused 'user' for 'm'. As codex_learn asks, it is left out of later turns there until the "
            "proxy restarts.",
            id="a learned member",
        ),
        pytest.param(
            RejectedParams.member_kept,
            ("user", "chatgpt.com", {"stream_options"}),
            ("user", "other", {"stream_options"}),
            "chatgpt.com refused 'user', which the client sends. It was kept, because the client's word stands. To "
            "remove it from every turn, set codex_strip=stream_options,user; to leave it out only where it was "
            "refused, set codex_learn=user.",
            id="a kept member, with what to set",
        ),
    ],
)
def test_it_is_said_once_for_each_place(
    learn: Callable[..., str | None], one: tuple[object, ...], other: tuple[object, ...], sentence: str
) -> None:
    rejected_params = RejectedParams()
    said = [learn(rejected_params, *place) for place in (one, one, other)]

    assert said[0] == sentence
    assert [each is not None for each in said] == [True, False, True]


DELTA = "a response can be continued only on the WebSocket that it came from, so the client has to send the whole input"
NEEDED = "no option removes it, because turns cannot do without it, so only the client can leave it out here."


@pytest.mark.parametrize(
    ("member", "remedy"),
    [
        ("previous_response_id", f"{DELTA} instead."),
        ("input[13].namespace", "no option reaches into input, so only the client can leave it out."),
        ("reasoning.context", "no option reaches into reasoning, so only the client can leave it out."),
        *((member, NEEDED) for member in sorted(ESSENTIAL.keys() - {"previous_response_id"})),
    ],
)
def test_what_no_option_may_or_can_remove_is_said_with_what_helps_instead(member: str, remedy: str) -> None:
    """And no option is named that would not start, or would do harm."""
    assert RejectedParams().member_kept(member, "chatgpt.com", {"stream_options"}) == (
        f"chatgpt.com refused {member!r}, which the client sends. It was kept, because the client's word stands: "
        f"{remedy}"
    )
