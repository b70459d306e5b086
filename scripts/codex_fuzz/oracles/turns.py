"""Header fields, tokens, turns and frames: what is written is one sound key, and all else stays as it came."""

import base64
import re

import orjson
from codexcache.body.json_splice import Object, edited, find_members, parse
from codexcache.hooks.websocket import CREATE
from codexcache.options import default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.request import SESSION_HEADERS, Turn, read_client_headers, read_turn
from codexcache.turn.rewrite import KEY_MEMBER, REQUEST_ID
from codexcache.turn.websocket import Backlog, Socket
from codexcache.wire.headers import Fields, first_value, values_by_name, with_fields, with_length
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import Opcode

from codex_fuzz.data_provider import DataProvider, fields_of, head_and_body
from codex_fuzz.oracles.bodies import is_shallow, read_object

_SOUND = re.compile(r"[!-~]{1,64}")
_WRITTEN = (*SESSION_HEADERS, REQUEST_ID)


def check_fields(data: bytes) -> None:
    """Fields are read as mitmproxy reads them, and one is written while all others stay."""
    given = DataProvider(data)
    name = given.pick(_WRITTEN)
    fields = fields_of(given.rest)
    known = list(http.Headers(fields).get_all(name))
    assert first_value(values_by_name(fields), name.lower()) == (known[0] if known else None)
    assert list(values_by_name(fields).get(name, [])) == known
    after = with_fields(fields, {name: "new"})
    assert values_by_name(after)[name] == ["new"], "not exactly one"
    assert _without(after, name) == _without(fields, name), "another field was touched"


def check_claims(data: bytes) -> None:
    """Any credential is read, and a token's sender is whom its claims name, whatever its signature."""
    token = b".".join((b"e30", base64.urlsafe_b64encode(data).rstrip(b"="), b"signature"))
    for credential in (data, b"Bearer " + data, b"Bearer " + token):
        caller = read_client_headers([(b"authorization", credential)]).caller
        assert caller is None or all(isinstance(part, str) for part in caller.identity)
        assert repr(caller) in ("None", "Caller(principal)", "Caller(account)"), "it shows itself"
    renewed = read_client_headers([(b"Authorization", b"bearer " + token + b"renewed")]).caller
    assert caller is not None
    assert renewed is not None
    assert (caller == renewed) == _names_user(data), "a token's signature counts, or its user does not"


def check_turn(data: bytes) -> None:
    """A turn gets one sound key, all else stays as it came, and what was sent once needs nothing more."""
    fields, body = head_and_body(data)
    if (document := read_object(body)) is None:
        return
    continuity, settings = Continuity(), default_settings()
    exchange = continuity.begin(_turn(fields, document), settings)
    after = _committed(body, document, exchange)
    if is_shallow(body):
        _check_written(exchange, fields, document, parse(after))
    again = continuity.begin(_turn(exchange.edits.fields, parse(after)), settings)
    assert again.edits.changed == (), f"sent once more, it would be changed again: {again.edits.changed}"


def check_frames(data: bytes) -> None:
    """Frames of both sides, a line each (`<` for the backend's): every turn that was begun ends once."""
    continuity, settings = Continuity(), default_settings()
    head, frames = head_and_body(data)
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
        continuity.finish(exchange, settings)


def _begun(continuity: Continuity, socket: Socket, frame: bytes) -> Exchange | None:
    """Begin the turn of a frame as the proxy does, None where it is none."""
    document = read_object(frame)
    if document is None or document.get("type") != CREATE:
        return None
    exchange = continuity.begin(socket.read_turn(document), default_settings(), socket.last)
    if is_shallow(frame):
        _check_written(exchange, socket.client_headers.fields, document, parse(_committed(frame, document, exchange)))
    socket.begin(exchange, WebSocketMessage(Opcode.TEXT, True, frame))
    return exchange


def _turn(fields: Fields, document: Object) -> Turn:
    return read_turn(read_client_headers(fields), document, transport="http", host="chatgpt.com", endpoint="responses")


def _committed(text: bytes, document: Object, exchange: Exchange) -> bytes:
    edits = exchange.edits
    if not (edits.put or edits.drop):
        return text
    return edited(text, find_members(text, document), drop=edits.drop, put=edits.put)


def _check_written(exchange: Exchange, fields: Fields, before: Object, after: Object) -> None:
    drop = exchange.edits.drop
    assert drop <= default_settings().strip
    kept = [name for name in before if name not in drop]
    fresh = [name for name in exchange.edits.put if name not in kept]
    assert list(after) == [*kept, *fresh], "a member came or went"
    assert all(after[name] == before[name] for name in kept if name != KEY_MEMBER), "one was edited"
    assert all(_SOUND.fullmatch(value) for value in exchange.edits.put.values()), "a key that no backend takes"
    if exchange.turn.transport == "websocket":
        return
    written = [name for name in exchange.edits.changed if name in _WRITTEN]
    assert all(_SOUND.fullmatch(first_value(values_by_name(exchange.edits.fields), name) or "") for name in written)
    untouched = _without(with_length(fields), *written)  # the length is written with the body
    assert _without(exchange.edits.fields, *written) == untouched, "another field was touched"


def _without(fields: Fields, *names: str) -> list[tuple[bytes, bytes]]:
    gone = {name.encode() for name in names}
    return [field for field in fields if field[0].lower() not in gone]


def _names_user(text: bytes) -> bool:
    """Tell whether claims name a user, read in the simplest way."""
    try:
        claims = orjson.loads(text)
    except ValueError:
        return False
    own = claims.get("https://api.openai.com/auth") if isinstance(claims, dict) else None
    holders = [own if isinstance(own, dict) else {}, claims if isinstance(claims, dict) else {}]
    users = [{**holders[1], **holders[0]}.get(name) for name in ("chatgpt_user_id", "user_id", "sub", "email")]
    return any(isinstance(user, str) and user for user in users)
