"""Who sends a turn is known by what stays, and never shown."""

import json

import pytest
from codexcache.body.json_splice import Object
from codexcache.options import default_settings
from codexcache.turn.caller import Caller, parts_of, read_caller
from codexcache.turn.exchange import Continuity
from codexcache.turn.websocket import Backlog, Socket
from codexcache.wire.headers import values_by_name
from mitmproxy.websocket import WebSocketMessage
from support.turns import Headers, bearer, encoded, fields, turn, user
from wsproto.frame_protocol import Opcode

AUTH = "https://api.openai.com/auth"


def caller(authorization: str | None = None, account: str | None = None) -> Caller | None:
    """Return who sends a request with this credential and account."""
    given_fields = {"Authorization": authorization, "ChatGPT-Account-Id": account}
    return read_caller(
        values_by_name(fields({name: value for name, value in given_fields.items() if value is not None}))
    )


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_without_a_credential_or_an_account_there_is_no_caller(blank: str | None) -> None:
    assert caller(blank, blank) is None
    assert parts_of(None) == ()


@pytest.mark.parametrize(
    ("claims", "identity"),
    [
        pytest.param(
            {"iss": "i", AUTH: {"chatgpt_user_id": "u", "chatgpt_account_id": "a"}}, ("i", "u", "a"), id="OpenAI's own"
        ),
        pytest.param({AUTH: {"user_id": "u"}}, ("", "u", ""), id="OpenAI's older name of the user"),
        pytest.param({"iss": "i", "sub": "s"}, ("i", "s", ""), id="the registered claims"),
        pytest.param({"email": "e"}, ("", "e", ""), id="an address alone"),
        pytest.param({"sub": "s", AUTH: {"chatgpt_user_id": "u"}}, ("", "u", ""), id="the user before the subject"),
        pytest.param({"sub": "s", AUTH: "text"}, ("", "s", ""), id="claims of OpenAI that are no object"),
        pytest.param({"sub": 7, "email": "e"}, ("", "e", ""), id="a subject that is no string"),
        pytest.param({"sub": "s", "account_id": "a"}, ("", "s", "a"), id="another name of the account"),
    ],
)
def test_a_token_is_known_by_issuer_user_and_account(claims: Object, identity: tuple[str, ...]) -> None:
    assert caller(bearer(**claims), "header") == Caller(kind="principal", identity=identity)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(bearer(jti="two", exp=2, sub="s"), id="refreshed"),
        pytest.param(bearer(sub="s").replace("Bearer ", "bearer   ") + "signature", id="signed, other spelling"),
    ],
)
def test_another_token_of_the_same_user_names_the_same_caller(token: str) -> None:
    assert caller(token) == caller(bearer(sub="s", exp=1, jti="one", scp=["a"]))


OPAQUE = [
    pytest.param("Bearer opaque", id="no parts"),
    pytest.param("Bearer a.b", id="two parts"),
    pytest.param("Bearer a.b.c.d.e", id="five parts, an encrypted token"),
    pytest.param("Bearer a.!!!.c", id="not base64"),
    pytest.param("Bearer a.bm90IGpzb24.c", id="not JSON"),
    pytest.param(f"Bearer a.{encoded([1])}.c", id="claims that are no object"),
    pytest.param(bearer(iss="i", exp=1), id="claims without a user"),
    pytest.param("Basic dTpw", id="another scheme"),
    pytest.param("Bearer \udcff.\udcff.\udcff", id="bytes that are not UTF-8"),
    pytest.param("Bearer é.é.é", id="not ASCII"),
]


@pytest.mark.parametrize("credential", OPAQUE)
def test_a_token_that_cannot_be_read_is_known_by_its_account_or_by_itself(credential: str) -> None:
    assert caller(credential, " a ") == caller(None, "a") == Caller(kind="account", identity=("a",))
    assert caller(credential) == Caller(kind="principal", identity=(credential,))


CANARY = "canary"
SECRETS: Headers = {
    "authorization": f"Bearer {CANARY}-token",
    "cookie": f"{CANARY}-cookie",
    "chatgpt-account-id": f"{CANARY}-account",
    "session_id": f"{CANARY}-session",
    "idempotency-key": f"{CANARY}-idempotency",
}


def whatever_is_held() -> dict[str, object]:
    """Return one of each object that holds something secret."""
    held = turn(
        SECRETS,
        prompt_cache_key=f"{CANARY}-key",
        previous_response_id=f"{CANARY}-response",
        instructions=f"{CANARY}-instructions",
        input=[user(f"{CANARY}-prompt")],
    )
    exchange = Continuity().begin(held, default_settings())
    exchange.response_info.read_body(
        json.dumps({"id": CANARY, "prompt_cache_key": CANARY, "error": {"m": CANARY}}).encode()
    )
    socket = Socket(client_headers=held.client_headers, host="chatgpt.com", backlog=Backlog(limit=1))
    sent = socket.begin(exchange, WebSocketMessage(Opcode.TEXT, True, f"{CANARY}-frame".encode()))
    return {
        "the caller": held.client_headers.caller,
        "a caller with a token": caller(bearer(sub=CANARY)),
        "the sender": held.client_headers,
        "the turn": held,
        "the exchange": exchange,
        "the identity": exchange.cache_key,
        "the edits": exchange.edits,
        "the outcome": exchange.response_info,
        "the socket": socket,
        "the turn on the socket": sent,
    }


@pytest.mark.parametrize("name", list(whatever_is_held()))
def test_what_holds_a_secret_does_not_show_it(name: str) -> None:
    held = whatever_is_held()[name]

    assert CANARY not in f"{held!r} {held!s} {[held]}"
