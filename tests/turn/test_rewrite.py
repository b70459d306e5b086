"""What is written to a turn: one key in three places, and only what is missing for the official client."""

import pytest
from codexcache.body.json_splice import Json
from codexcache.turn.cache_key import CacheKey, KeyMemory, choose_key
from codexcache.turn.key_values import usable
from codexcache.turn.request import Transport
from codexcache.turn.rewrite import RequestEdits, no_edits, plan_edits, plan_handshake_edits
from support.turns import NATIVE, Headers, client_headers, fields, headers_of, turn

LONG = "x" * 65
FORM = usable(LONG) or ""


def edits_of(
    headers: Headers | None = None,
    body: dict[str, Json] | None = None,
    *,
    strip: str = "",
    withhold: bool = False,
    transport: Transport = "http",
    cache_key: CacheKey | None = None,
) -> RequestEdits:
    """Return the edits of a turn that nothing went before."""
    sent = turn(headers, body, transport=transport)
    known = cache_key or choose_key(sent, KeyMemory())
    return plan_edits(sent, known, strip=frozenset(strip.split()), omit_key=withhold)


def places(edits: RequestEdits) -> tuple[str | None, str | None, str | None]:
    """Return what is put into the body, and the two session headers that are sent."""
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
def test_a_turn_that_is_not_native_leaves_with_one_key_in_three_places(
    headers: Headers, body: dict[str, Json], expected: tuple[str | None, ...]
) -> None:
    assert places(edits_of(headers, body)) == expected


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        pytest.param({"session-id": "s"}, {"prompt_cache_key": "k"}, (None, "s", None), id="values that differ stay"),
        pytest.param({"session_id": "s"}, {"prompt_cache_key": "k"}, (None, "s", "s"), id="today's header is added"),
        pytest.param({"session-id": "s", "session_id": "o"}, {"prompt_cache_key": "k"}, (None, "s", "o"), id="both"),
        pytest.param({"session-id": "s"}, {}, ("s", "s", None), id="the body's key is added"),
        pytest.param({"session_id": "s"}, {}, ("s", "s", "s"), id="both are added"),
        pytest.param({}, {"prompt_cache_key": "k"}, (None, None, None), id="no session header is made up"),
        pytest.param({"x-session-id": "x"}, {"prompt_cache_key": "k"}, (None, None, None), id="nor from another"),
        pytest.param({"session-id": "", "session_id": "s"}, {}, ("s", "s", "s"), id="a blank one is missing"),
        pytest.param({"session-id": LONG}, {"prompt_cache_key": LONG}, (FORM, FORM, None), id="long ones are replaced"),
        pytest.param({"session_id": LONG}, {}, (FORM, FORM, FORM), id="a long session is replaced and completed"),
    ],
)
def test_a_native_turn_is_left_as_it_came_but_for_what_is_missing(
    headers: Headers, body: dict[str, Json], expected: tuple[str | None, ...]
) -> None:
    assert places(edits_of({**NATIVE, **headers}, body)) == expected


def test_a_complete_native_turn_is_not_changed_at_all() -> None:
    headers = {**NATIVE, "session-id": "parent", "x-client-request-id": "t1"}
    edits = edits_of(headers, {"prompt_cache_key": "t1"})

    assert (edits.fields, edits.put, edits.changed) == (fields(headers), {}, ())
    assert no_edits(client_headers(headers)) == RequestEdits(fields=fields(headers))


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
def test_the_request_id_is_added_where_there_is_no_session_header(
    headers: Headers, body: dict[str, Json], request_id: str | None
) -> None:
    assert headers_of(edits_of(headers, body)).get("x-client-request-id") == request_id


def test_a_header_keeps_its_place_and_spelling_and_all_others_stay() -> None:
    """Repeated session headers become one."""
    edits = edits_of({"A": "1", "Session_ID": "s", "B": "2"}, {"prompt_cache_key": "k"})
    repeated = edits_of({"session_id": "s", "Session_ID": "s", "session-id": "s"})

    assert edits.fields == ((b"A", b"1"), (b"Session_ID", b"k"), (b"B", b"2"), (b"session-id", b"k"))
    assert repeated.fields == ((b"session_id", b"s"), (b"session-id", b"s"))


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
def test_what_was_changed_is_named(
    headers: Headers, body: dict[str, Json], strip: str, changed: tuple[str, ...]
) -> None:
    assert edits_of(headers, body, strip=strip).changed == changed


@pytest.mark.parametrize("headers", [{}, NATIVE], ids=["any client", "native"])
def test_only_members_that_are_there_are_stripped(headers: Headers) -> None:
    body: dict[str, Json] = {"stream_options": {}, "prompt_cache_retention": "24h", "previous_response_id": "r"}

    assert edits_of(headers, body, strip="stream_options user").drop == {"stream_options"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"conversation": "c"}, (None, "c", "c"), id="a key that would be added"),
        pytest.param({"prompt_cache_key": " k "}, ("k", "k", "k"), id="the client's own key is written"),
        pytest.param({"prompt_cache_key": None, "conversation": "c"}, (None, "c", "c"), id="a null is no key"),
    ],
)
def test_a_key_that_was_refused_is_withheld_from_the_body_alone(
    body: dict[str, Json], expected: tuple[str | None, ...]
) -> None:
    assert places(edits_of({}, body, withhold=True)) == expected


def test_the_key_that_a_conversation_is_held_to_is_written_everywhere() -> None:
    held = CacheKey(key="k1", source="session", inherited=True)

    assert places(edits_of({"session_id": "s2"}, {"prompt_cache_key": "k2"}, cache_key=held)) == ("k1", "k1", "k1")


def test_a_frame_has_no_headers_to_write() -> None:
    edits = edits_of({"x-session-id": "s"}, transport="websocket")

    assert (edits.put, edits.fields) == ({"prompt_cache_key": "s"}, fields({"x-session-id": "s"}))
    assert edits.changed == ("prompt_cache_key",)


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
def test_a_handshake_is_completed_from_its_own_session_alone(
    headers: Headers, expected: tuple[str | None, ...]
) -> None:
    assert places(plan_handshake_edits(client_headers(headers))) == (None, *expected)


DIGESTS = {"Content-MD5": "x", "digest": "x", "Content-Digest": "x", "repr-digest": "x"}
NAMES = {name.lower() for name in DIGESTS}
SENT = {"session-id": "k", "session_id": "k", "x-digest": "y", **DIGESTS}


@pytest.mark.parametrize(
    ("body", "strip"), [({}, ""), ({"prompt_cache_key": "k", "user": "u"}, "user")], ids=["a key", "a member less"]
)
def test_digests_of_a_body_that_is_edited_are_removed(body: dict[str, Json], strip: str) -> None:
    edits = edits_of(SENT, body, strip=strip)

    assert headers_of(edits) == {"session-id": "k", "session_id": "k", "x-digest": "y"}
    assert edits.changed[:4] == ("content-digest", "content-md5", "digest", "repr-digest")


def test_digests_of_a_body_that_is_not_edited_are_kept() -> None:
    """Although a header is completed."""
    edits = edits_of({"session-id": "k", **DIGESTS}, {"prompt_cache_key": "k"})

    assert headers_of(edits).keys() >= NAMES
    assert edits.changed == ("session_id",)


def test_the_digests_of_a_handshake_are_kept() -> None:
    """It has no body, and its frames have no header."""
    edits = plan_handshake_edits(client_headers({"session-id": "k", **DIGESTS}))

    assert headers_of(edits).keys() >= NAMES
