"""Header fields, tokens, turns and frames: what is written is one sound key, and all else stays as it came."""

import base64
import re

import orjson
from codexcache.body.incremental import read_whole
from codexcache.body.json_splice import Object, parse
from codexcache.hooks.websocket import CREATE
from codexcache.options import default_settings
from codexcache.turn.cache_key import CacheKey
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.request import SESSION_HEADERS, Turn, read_client_headers, read_turn
from codexcache.turn.rewrite import KEY_MEMBER, REQUEST_ID
from codexcache.turn.websocket import Backlog, Socket
from codexcache.wire.headers import Fields, first_value, values_by_name, with_fields, with_length
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import Opcode

from codex_fuzz.inputs import head_and_body, pick, split
from codex_fuzz.oracles.bodies import is_shallow, read_object

_SOUND = re.compile(r"[!-~]{1,64}")
_WRITTEN = (*SESSION_HEADERS, REQUEST_ID)


def check_fields(data: bytes) -> None:
    """Fields are read as mitmproxy reads them, and one is written while all others stay."""
    (number,), head = split(data, 1)
    name, (fields, _) = pick(_WRITTEN, number), head_and_body(head)
    known = list(http.Headers(fields).get_all(name))
    assert first_value(values_by_name(fields), name.lower()) == (known[0] if known else None)
    assert list(values_by_name(fields).get(name, [])) == known
    after = with_fields(fields, {name: "new"})
    assert values_by_name(after)[name] == ["new"], "not exactly one"
    assert _without(after, name) == _without(fields, name), "another field was touched"


def check_claims(data: bytes) -> None:
    """Any credential is read, and a token's sender is whom its claims name, whatever its signature."""
    token = b"Bearer e30." + base64.urlsafe_b64encode(data).rstrip(b"=") + b".signature"
    first, second, caller, renewed = (
        read_client_headers([(b"authorization", credential)]).caller
        for credential in (data, b"Bearer " + data, token, token + b"renewed")
    )
    for known in (first, second, caller):
        assert known is None or all(isinstance(part, str) for part in known.identity)
        assert repr(known) in ("None", "Caller(principal)", "Caller(account)"), "it shows itself"
    assert None not in (caller, renewed)
    assert (caller == renewed) == _names_user(data), "a token's signature counts, or its user does not"


def check_turn(data: bytes) -> None:
    """A turn gets one sound key, all else stays as it came, and what was sent once needs nothing more."""
    fields, body = head_and_body(data)
    if (document := read_object(body)) is not None:
        continuity = Continuity()
        exchange, sent = _begin(continuity, turn_of(fields, document), body)
        again, _ = _begin(continuity, turn_of(exchange.edits.fields, parse(sent)), sent)
        assert again.edits.changed == (), f"sent once more, it would be changed again: {again.edits.changed}"


def check_frames(data: bytes) -> None:
    """Frames of both sides, a line each (`<` for the backend's): every turn that was begun ends once."""
    continuity, (head, frames) = Continuity(), head_and_body(data)
    socket = Socket(client_headers=read_client_headers(head), host="chatgpt.com", backlog=Backlog(limit=1 << 10))
    begun, ended = list[Exchange](), list[Exchange]()
    for at, frame in enumerate(frames.split(b"\n")):
        if frame.startswith(b"<"):
            ended += [turn.exchange for turn in socket.read_event(frame[1:], float(at))]
        elif exchange := _begun(continuity, socket, frame):
            begun.append(exchange)
    ended += [turn.exchange for turn in socket.abandon("its WebSocket was closed")]
    assert list(map(id, ended)) == list(map(id, begun)), "a turn ended twice, never, or in another's place"
    for exchange in ended:
        continuity.finish(exchange, default_settings())


def _begun(continuity: Continuity, socket: Socket, frame: bytes) -> Exchange | None:
    """Begin the turn of a frame as the proxy does, None where it is none."""
    document = read_object(frame)
    if document is None or document.get("type") != CREATE:
        return None
    exchange, _ = _begin(continuity, socket.read_turn(document), frame, socket.last)
    socket.begin(exchange, WebSocketMessage(Opcode.TEXT, True, frame))
    return exchange


def turn_of(fields: Fields, document: Object) -> Turn:
    """Return the turn of a request over HTTP."""
    return read_turn(read_client_headers(fields), document, transport="http", host="chatgpt.com", endpoint="responses")


def _begin(continuity: Continuity, turn: Turn, text: bytes, last: CacheKey | None = None) -> tuple[Exchange, bytes]:
    """Begin a turn as the proxy does and check what is written; return it and its body as it is sent."""
    exchange = continuity.begin(turn, default_settings(), last)
    sent = read_whole(text).edited(exchange.edits.drop, exchange.edits.put)
    if is_shallow(text):
        _check_members(exchange, turn.document, parse(sent))
    if turn.transport == "http":
        after, before = exchange.edits.fields, turn.client_headers.fields
        written = [name for name in exchange.edits.changed if name in _WRITTEN]
        assert all(_SOUND.fullmatch(first_value(values_by_name(after), name) or "") for name in written)
        untouched = _without(with_length(before), *written)  # the length is written with the body
        assert _without(after, *written) == untouched, "another field was touched"
    return exchange, sent


def _check_members(exchange: Exchange, before: Object, after: Object) -> None:
    edits = exchange.edits
    assert edits.drop <= default_settings().strip
    kept = [name for name in before if name not in edits.drop]
    assert list(after) == [*kept, *(name for name in edits.put if name not in kept)], "a member came or went"
    assert all(after[name] == before[name] for name in kept if name != KEY_MEMBER), "one was edited"
    assert all(_SOUND.fullmatch(value) for value in edits.put.values()), "a key that no backend takes"


def _without(fields: Fields, *names: str) -> list[tuple[bytes, bytes]]:
    return [field for field in fields if field[0].lower().decode(errors="replace") not in names]


def _names_user(text: bytes) -> bool:
    """Return whether claims name a user, read in the simplest way."""
    try:
        claims = orjson.loads(text)
    except ValueError:
        return False
    nested = claims.get("https://api.openai.com/auth") if isinstance(claims, dict) else None
    merged = {**(claims if isinstance(claims, dict) else {}), **(nested if isinstance(nested, dict) else {})}
    users = [merged.get(name) for name in ("chatgpt_user_id", "user_id", "sub", "email")]
    return any(isinstance(user, str) and user for user in users)
