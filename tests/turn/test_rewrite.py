"""What is written to a turn: one key in three places, and only what is missing for the official client."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.turn.cache_key import choose_key
from codexcache.turn.key_values import usable
from codexcache.turn.rewrite import RequestEdits, plan_edits, plan_handshake_edits
from support.turns import NATIVE, Headers, client_headers, headers_of, turn

type Places = tuple[str | None, ...]
"""What is put into the body, and the two session headers that are sent."""

LONG = "x" * 65
FORM = usable(LONG) or ""


def edits_of(
    headers: Headers | None = None, body: Object | None = None, *, strip: str = "", withhold: bool = False
) -> RequestEdits:
    """Return the edits of a turn that nothing went before."""
    sent = turn(headers, body)
    return plan_edits(sent, choose_key(sent, None), strip=frozenset(strip.split()), omit_key=withhold)


def places(edits: RequestEdits) -> Places:
    """Return where the key stands."""
    sent = headers_of(edits)
    return edits.put.get("prompt_cache_key"), sent.get("session-id"), sent.get("session_id")


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        pytest.param({"session-id": "s"}, {}, ("s", "s", "s"), id="a session, hyphenated"),
        pytest.param({"session_id": "s"}, {}, ("s", "s", "s"), id="a session with an underscore"),
        pytest.param({"session-id": "s", "session_id": "other"}, {}, ("s", "s", "s"), id="two that disagree"),
        pytest.param({"x-session-affinity": "s"}, {}, ("s", "s", "s"), id="another header"),
        pytest.param({"session_id": ""}, {"conversation": "c"}, ("c", "c", "c"), id="a blank session"),
        pytest.param({}, {"metadata": {"session_id": "s"}}, ("s", "s", "s"), id="a session in the body"),
        pytest.param({"idempotency-key": "i"}, {}, ("i", "i", "i"), id="an Idempotency-Key"),
        pytest.param({}, {"prompt_cache_key": "k"}, (None, "k", "k"), id="a key in the body stays there"),
        pytest.param({"session-id": "s"}, {"prompt_cache_key": "k"}, (None, "k", "k"), id="a session that disagrees"),
        pytest.param({}, {"prompt_cache_key": " k "}, ("k", "k", "k"), id="a key that has to be trimmed"),
        pytest.param({}, {"prompt_cache_key": LONG}, (FORM, FORM, FORM), id="a key that is too long"),
        pytest.param({"session_id": LONG}, {}, (FORM, FORM, FORM), id="a session that is too long"),
        pytest.param({"session_id": "s"}, {"prompt_cache_key": None}, ("s", "s", "s"), id="a key that is null"),
        pytest.param({}, {}, (None, None, None), id="nothing to go by"),
    ],
)
def test_a_turn_that_is_not_native_leaves_with_one_key(headers: Headers, body: Object, expected: Places) -> None:
    assert places(edits_of(headers, body)) == expected


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        pytest.param({"session-id": "s"}, {"prompt_cache_key": "k"}, (None, "s", None), id="values that differ stay"),
        pytest.param({"session_id": "s"}, {"prompt_cache_key": "k"}, (None, "s", "s"), id="today's header is added"),
        pytest.param({"session-id": "s", "session_id": "o"}, {"prompt_cache_key": "k"}, (None, "s", "o"), id="both"),
        pytest.param({"session-id": "s"}, {}, ("s", "s", None), id="the body's key is added"),
        pytest.param({"session_id": "s"}, {}, ("s", "s", "s"), id="both are added"),
        pytest.param({}, {"prompt_cache_key": "k"}, (None, "k", None), id="a missing session is the key"),
        pytest.param({"x-session-id": "x"}, {"prompt_cache_key": "k"}, (None, "k", None), id="also behind another"),
        pytest.param({"session-id": "", "session_id": "s"}, {}, ("s", "s", "s"), id="a blank one is missing"),
        pytest.param({"session-id": LONG}, {"prompt_cache_key": LONG}, (FORM, FORM, None), id="long ones are replaced"),
        pytest.param({"session_id": LONG}, {}, (FORM, FORM, FORM), id="a long session is replaced and completed"),
    ],
)
def test_a_native_turn_is_only_completed(headers: Headers, body: Object, expected: Places) -> None:
    assert places(edits_of({**NATIVE, **headers}, body)) == expected


@pytest.mark.parametrize(
    ("headers", "body", "request_id"),
    [
        pytest.param({}, {"prompt_cache_key": "k"}, "k", id="no session header: added"),
        pytest.param({"x-session-id": "s"}, {}, "s", id="another header is no session header: added"),
        pytest.param({"x-client-request-id": "r"}, {"prompt_cache_key": "k"}, "r", id="its own stays"),
        pytest.param({"x-client-request-id": ""}, {"prompt_cache_key": "k"}, "", id="also a blank one"),
        pytest.param({"session-id": "s"}, {}, None, id="a session header: not added"),
        pytest.param({"session_id": ""}, {"prompt_cache_key": "k"}, None, id="also a blank one: not added"),
        pytest.param(NATIVE, {"prompt_cache_key": "k"}, None, id="native: not added"),
        pytest.param({}, {}, None, id="no key: not added"),
        pytest.param({"session-id": LONG, "x-client-request-id": LONG}, {}, FORM, id="a long one follows its session"),
        pytest.param({**NATIVE, "session-id": LONG, "x-client-request-id": LONG}, {}, FORM, id="native: as well"),
        pytest.param({"session-id": "s", "x-client-request-id": LONG}, {}, LONG, id="a long one of its own stays"),
    ],
)
def test_the_request_id_is_added_where_no_session_is(headers: Headers, body: Object, request_id: str | None) -> None:
    assert headers_of(edits_of(headers, body)).get("x-client-request-id") == request_id


@pytest.mark.parametrize(
    ("headers", "body", "strip", "changed"),
    [
        pytest.param({}, {}, "", (), id="nothing"),
        pytest.param(
            {},
            {"conversation": "c"},
            "",
            ("session-id", "session_id", "x-client-request-id", "prompt_cache_key"),
            id="headers in lower case, then members",
        ),
        pytest.param({"session-id": "k"}, {"prompt_cache_key": "k"}, "", ("session_id",), id="only what differs"),
        pytest.param(
            {"session-id": "k", "session_id": "k"},
            {"prompt_cache_key": "k", "stream_options": {}},
            "stream_options user",
            ("stream_options",),
            id="what is stripped",
        ),
    ],
)
def test_what_was_changed_is_named(headers: Headers, body: Object, strip: str, changed: tuple[str, ...]) -> None:
    assert edits_of(headers, body, strip=strip).changed == changed


@pytest.mark.parametrize("headers", [{}, NATIVE], ids=["any client", "native"])
def test_only_members_that_are_there_are_stripped(headers: Headers) -> None:
    body: Object = {"stream_options": {}, "prompt_cache_retention": "24h", "previous_response_id": "r"}

    assert edits_of(headers, body, strip="stream_options user").drop == {"stream_options"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"conversation": "c"}, (None, "c", "c"), id="a key that would be added"),
        pytest.param({"prompt_cache_key": " k "}, ("k", "k", "k"), id="the client's own key is written"),
        pytest.param({"prompt_cache_key": None, "conversation": "c"}, (None, "c", "c"), id="a null is no key"),
    ],
)
def test_a_key_that_was_refused_is_withheld_from_the_body_alone(body: Object, expected: Places) -> None:
    assert places(edits_of({}, body, withhold=True)) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"session-id": "s"}, ("s", "s"), id="a session header"),
        pytest.param({"x-claude-code-session-id": "s"}, ("s", "s"), id="another header of that rung"),
        pytest.param({"session-id": "s", "session_id": "o"}, ("s", "s"), id="two that disagree"),
        pytest.param({"session_id": LONG}, (FORM, FORM), id="a long one"),
        pytest.param({**NATIVE, "session_id": "s"}, ("s", "s"), id="native: what is missing"),
        pytest.param({**NATIVE, "session-id": "s", "session_id": "o"}, ("s", "o"), id="native: what differs stays"),
        pytest.param({"idempotency-key": "i"}, (None, None), id="nothing from an Idempotency-Key"),
        pytest.param({"authorization": "Bearer x", "chatgpt-account-id": "a"}, (None, None), id="nothing derived"),
    ],
)
def test_a_handshake_is_completed_from_its_own_session_alone(headers: Headers, expected: Places) -> None:
    assert places(plan_handshake_edits(client_headers(headers))) == (None, *expected)


def test_the_digests_of_a_handshake_are_kept() -> None:
    """It has no body, and its frames have no header."""
    edits = plan_handshake_edits(client_headers({"session-id": "k", "Content-MD5": "x"}))

    assert headers_of(edits)["content-md5"] == "x"
