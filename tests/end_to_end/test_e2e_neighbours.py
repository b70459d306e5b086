"""Real neighbours of a proxy with the addon, each compared with the same proxy without it.

A client gets the same bytes, and the backend gets the same but for the key in its three places and what is stripped.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from codex_ways.ways import is_kept
from codexcache.body.json_splice import Json
from conftest import Network
from embedded_backend.certificates import Authority
from mitmproxy import http
from support import http2
from support.between import PARENT, Behind, Front, behind, by_socks, in_front, parent, plainly, through
from support.client import Connection, connected
from support.journals import CACHED, INPUT
from support.neighbours import GATEWAY, MOVES, Runs, counted, document
from support.patience import until
from support.proxy import Watch
from support.sockets import HANDSHAKE
from support.upstream import Exchange, chunk, stream_head, whole
from support.web_servers import EXAMPLE, haproxy, nginx
from support.wire import JSON, RESPONSES, body, frame, said
from toolkit.client import by_http, by_websocket
from toolkit.conversation import Endpoint, Identity, Send, converse
from toolkit.process import LOOPBACK
from toolkit.wire import websocket
from toolkit.wire.http2 import Fields, Wire

OTHER = "/backend-api/codex/alpha/search"
OTHER_PATH = b"alpha/search"
FIELDS = [JSON, ("User-Agent", "agent/1.0 (x)"), ("session-id", "s"), ("x-session-id", "x")]
OPTIONS = {"include_obfuscation": False}
SESSION = Identity(headers={"session_id": "session-1"})


class Backend:
    """A server that keeps what it gets, and answers turns by any transport as the Codex backend does."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def http1(self, exchange: Exchange) -> None:
        self.got.append(exchange.request.raw)
        if exchange.request.values("upgrade"):
            peer = await websocket.accept(exchange)
            async for message in peer.messages():
                self.got.append(str(message).encode())
                await peer.send(counted(9_000, 80).decode().partition("data: ")[2].strip())
        elif exchange.request.target.endswith("/responses"):
            await exchange.send(stream_head(), chunk(counted(9_000, 80)), chunk(b""))
        else:
            await exchange.send(whole(b'{"found":"nothing"}', extra=b"X-Odd: 1\r\n"))

    async def http2(self, exchange: http2.Exchange) -> None:
        self.got.append(_lines(exchange.fields) + exchange.body)
        is_turn = dict(exchange.fields)[b":path"].endswith(b"/responses")
        await exchange.respond([(":status", "200"), ("content-type", "text/event-stream" if is_turn else "text/json")])
        await exchange.send(counted(9_000, 80) if is_turn else b'{"found":"nothing"}', last=True)


def _lines(fields: Fields) -> bytes:
    return b"".join(b"%s: %s\r\n" % one for one in fields) + b"\r\n"


# What a client does over a connection, and what it gets: the answer to its turn, and that to something else.


async def with_http1(connection: Connection) -> list[bytes]:
    text = body(stream_options=OPTIONS)
    replies = [await connection.post(path, FIELDS, text) for path in (RESPONSES, OTHER)]
    return [bytes(reply.raw).partition(b"\r\n\r\n")[0] + reply.body for reply in replies]


async def with_http2(connection: Connection) -> list[bytes]:
    client = http2.Connection(Wire(connection.reader, connection.writer, client=True), "chatgpt.com")
    replies = [await client.post(path, FIELDS, body(stream_options=OPTIONS)) for path in (RESPONSES, OTHER)]
    return [_lines(reply.fields) + reply.body for reply in replies]


async def with_websocket(connection: Connection) -> list[bytes]:
    reply = await connection.start(RESPONSES, [*HANDSHAKE, *FIELDS], method="GET")
    assert reply.status == 101
    peer = websocket.upgraded(reply)
    answer = str(await peer.ask(frame(stream_options=OPTIONS)))
    return [bytes(reply.raw).partition(b"\r\n\r\n")[0] + answer.encode()]


type Client = Callable[[Connection], Awaitable[list[bytes]]]
CLIENTS: dict[str, Client] = {"HTTP/1.1": with_http1, "HTTP/2": with_http2, "WebSocket": with_websocket}


class Editor:
    """Another addon, which edits what passes."""

    def request(self, flow: http.HTTPFlow) -> None:
        flow.request.headers["X-Edited"] = "yes"
        flow.request.content = (flow.request.content or b"").replace(b"hello", b"hallo")

    def response(self, flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        if flow.request.path == OTHER:
            flow.response.content = (flow.response.content or b"").replace(b"nothing", b"something")

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        assert flow.websocket is not None
        message = flow.websocket.messages[-1]
        message.content = message.content.replace(b"hello", b"hallo")


SUFFIXES = (".sse", ".txt", ".json", "")
HTTP = ("HTTP/1.1", "HTTP/2")
PLAIN = ("HTTP/1.1", "WebSocket")
JOURNAL: Mapping[str, Json] = {"verdict": "cold", "status": 200, INPUT: 9_000, CACHED: 80}
INSECURE = {"ssl_insecure": True}  # the HTTP/2 server has one certificate for all hosts
REVERSE = {"mode": "reverse:https://chatgpt.com"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A neighbour, by which clients it is tried, and what has to be seen (with the addon and without it)."""

    how: Mapping[str, Any] = field(default_factory=dict)
    """Options, and other addons before and after this one."""
    front: Front = through
    behind: Behind = lambda *_: nullcontext()
    by: Sequence[str] = tuple(CLIENTS)

    answer: bytes = b'"cached_tokens":80'
    """What is in the answer to the turn."""
    other: bytes = b"nothing"
    """What is in the answer to another request."""
    sent: bytes = b"hello"
    """What is in the turn that arrives; empty if none does."""
    key: str = "s"
    """With what key the turn leaves."""
    journal: Mapping[str, Json] = field(default_factory=lambda: JOURNAL)
    warning: str = ""
    """The beginning of the only sentence that is logged."""


def file(suffix: str) -> Mapping[str, Any]:
    """Return the option by which turns are answered from a file."""
    return {"map_local": [f"|codex/responses|FOLDER/answer{suffix}"]}


MATRIX = {
    "reverse mode": Row(how=REVERSE, front=plainly, by=PLAIN),
    "upstream mode": Row(how={"mode": f"upstream:http://{PARENT}:3128"}, behind=parent),
    "SOCKS5 mode": Row(how={"mode": "socks5"}, front=by_socks),
    "a reverse proxy that keeps the Host": Row(
        how={**REVERSE, "keep_host_header": True}, front=in_front(haproxy), by=PLAIN
    ),
    "nginx in front": Row(how=REVERSE, front=in_front(nginx), by=PLAIN),
    "nginx behind": Row(behind=behind(nginx), by=PLAIN),
    "HAProxy in front": Row(how=REVERSE, front=in_front(haproxy), by=PLAIN),
    "HAProxy behind": Row(behind=behind(haproxy), by=PLAIN),
    "an addon before": Row(how={"before": [Editor()]}, sent=b"hallo", other=b"something"),
    "an addon after": Row(how={"after": [Editor()]}, sent=b"hallo", other=b"something"),
    **{f"moved by {name}": Row(how=INSECURE | how, sent=GATEWAY.encode()) for name, how in MOVES.items()},
    **{f"map_local of a file{suffix}": Row(how=file(suffix), by=HTTP, sent=b"") for suffix in SUFFIXES},
    "modify_body of a request": Row(
        how={"modify_body": ["|~q|hello|hallo"]}, by=HTTP, sent=b"hallo", warning="modify_body"
    ),
    "modify_body of a response": Row(
        how={"modify_body": ["|~s ~u alpha|nothing|something"]}, by=HTTP, other=b"something"
    ),
    "modify_headers sets": Row(
        how={"modify_headers": ["|session-id|forced"]}, key="forced", warning="modify_headers gives every turn"
    ),
    "modify_headers removes": Row(how={"modify_headers": ["|session-id|"]}, key="x"),
    "block_list": Row(
        how={"block_list": ["|~u codex/responses|403"]},
        by=HTTP,
        sent=b"",
        answer=b"403",
        journal={"verdict": "rejected", "status": 403, "changed": []},
    ),
}
CASES = [(name, client) for name, row in MATRIX.items() for client in row.by]


_DATE = re.compile(rb"(?im)^date: .*\r\n")
_WRITTEN = re.compile(
    rb"(?im)^(?:session[-_]id|x-client-request-id|content-length): .*\r\n"
    rb'|,"(?:prompt_cache_key":"[^"]*"|stream_options":\{[^}]*\})'
)
_KEYS = re.compile(rb'(?im)^session[-_]id: (.*)\r\n|"prompt_cache_key":"([^"]*)"')


def unwritten(request: bytes) -> bytes:
    """Return a turn without what the addon writes or strips, and any other request as it is."""
    return request if OTHER_PATH in request else _WRITTEN.sub(b"", request)


def keys(requests: bytes) -> list[str]:
    """Return the keys in their places."""
    return [b"".join(found).decode() for found in _KEYS.findall(requests)]


@pytest.mark.parametrize(("name", "client"), CASES)
async def test_what_passes_is_what_would_pass_without_the_addon(
    runs: Runs,
    net: Network,
    authority: Authority,
    tmp_path: Path,
    name: str,
    client: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    row, backend = MATRIX[name], Backend()
    for suffix in SUFFIXES:
        content = document(9_000, 80) if suffix == ".json" else counted(9_000, 80)
        (tmp_path / f"answer{suffix}").write_bytes(content)
    await (net.http2_upstream(backend.http2) if client == "HTTP/2" else net.upstream(backend.http1))
    net.ports[GATEWAY] = net.ports["chatgpt.com"]
    how = {**row.how}
    if "map_local" in how:
        how["map_local"] = [text.replace("FOLDER", str(tmp_path)) for text in how["map_local"]]
    answers, requests = [], []
    async with row.behind(net, authority, tmp_path):
        async for proxy in runs.both(**how):
            async with row.front(proxy, tmp_path, "h2" if client == "HTTP/2" else "http/1.1") as connection:
                answers.append([_DATE.sub(b"", answer) for answer in await CLIENTS[client](connection)])
            requests.append(list(backend.got))
            backend.got.clear()
        (entry,) = await runs.rows()
    turns = b"".join(request for request in requests[1] if OTHER_PATH not in request)

    assert answers[1] == answers[0]
    assert row.answer in answers[1][0]
    assert [answer for answer in answers[1][1:] if row.other not in answer] == []
    assert [unwritten(request) for request in requests[1]] == [unwritten(request) for request in requests[0]]
    assert (row.sent in turns) if row.sent else not turns
    assert keys(turns) == ([row.key] * 3 if row.sent else [])
    assert entry.items() >= row.journal.items()
    assert entry["key"] == runs.pseudonym(row.key)
    assert [line[: len(row.warning)] for line in said(caplog)] == ([row.warning] if row.warning else [])


@pytest.mark.parametrize("mode", ["fill", "observe"])
async def test_a_capture_is_sent_again_as_by_a_proxy_without_the_addon(
    runs: Runs, net: Network, tmp_path: Path, mode: str
) -> None:
    """It was written by such a one; with client_replay its turns leave with their key, but for the kill switch."""
    await net.upstream((backend := Backend()).http1)
    async with connected(await runs.bare(watch := Watch())) as connection:
        await with_http1(connection)
    watch.save(tmp_path / "day.mitm")
    options = {"client_replay": [str(tmp_path / "day.mitm")]}
    await runs.bare(**options)
    await until(lambda: len(backend.got) == 4)
    await runs.proxy(**options, codex_mode=mode)
    await until(lambda: len(backend.got) == 6)
    turns, others = backend.got[::2], backend.got[1::2]

    assert turns[0] == turns[1]
    assert unwritten(turns[2]) == unwritten(turns[0])
    assert (turns[2] == turns[0]) == (mode == "observe")
    assert others == others[:1] * 3
    assert keys(turns[2]) == ["s"] * (3 if mode == "fill" else 1)
    assert await runs.told("mode", "verdict", CACHED) == [(mode, "cold", 80)]


@pytest.mark.parametrize("send", [by_http, by_websocket])
@pytest.mark.parametrize(("without", "arrives"), [("", True), ("underscores_in_headers on;", False)])
async def test_one_line_of_nginx_keeps_a_conversation_together(
    net: Network, tmp_path: Path, send: Send, without: str, arrives: bool
) -> None:
    """Without it, what names the conversation is gone before the proxy sees it. By HTTP its opening still tells which
    it is; a WebSocket's handshake has nothing else.
    """
    assert without in EXAMPLE
    backend = await net.backend()
    proxy = await net.proxy(mode="reverse:https://chatgpt.com")
    async with nginx(tmp_path, proxy.port, config=EXAMPLE.replace(without, "") if without else EXAMPLE) as port:
        endpoint = Endpoint(url=f"http://{LOOPBACK}:{port}/v1")
        turns = await converse([endpoint], lambda: SESSION, send, account="a")

    assert is_kept(turns) is (arrives or send is by_http)
    assert {turn.header("session_id") == "session-1" for turn in backend.received} == {arrives}
