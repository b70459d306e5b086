"""A fault inside the addon costs no request, and nothing that is secret is ever logged."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Network
from support.client import connected, request_bytes
from support.proxy import Proxy
from support.saved import flows_in
from support.sockets import HANDSHAKE, Recorder, opened, talking
from support.talks import post
from support.upstream import Answer, Exchange, Upstream, chunk, responding, stream_head, streaming, whole
from support.wire import COMPACT, RESPONSES, body, completed, event, everything_said, frame, said, spelled

TOKEN = "token-canary"
CANARIES = {
    "token": TOKEN,
    "account": "account-canary",
    "session": "session-canary",
    "key": "key-canary",
    "prompt": "prompt canary",
    "cookie": "cookie-canary",
    "response": "resp_canary",
    "path": "path-canary",
    "idempotency": "idempotency-canary",
    "tool": "tool-output-canary",
}
FIELDS = (
    ("Authorization", f"Bearer {TOKEN}"),
    ("ChatGPT-Account-Id", CANARIES["account"]),
    ("Cookie", f"a={CANARIES['cookie']}"),
    ("Idempotency-Key", CANARIES["idempotency"]),
    ("session_id", CANARIES["session"]),
)
TURN: dict[str, Any] = {
    "instructions": CANARIES["prompt"],
    "input": [
        {"role": "user", "content": CANARIES["prompt"]},
        {"type": "function_call_output", "output": CANARIES["tool"]},
    ],
    "previous_response_id": CANARIES["response"],
    "prompt_cache_key": CANARIES["key"],
    "stream_options": {"a": CANARIES["prompt"]},
}


class Boom(Exception):
    """A fault whose text quotes everything that must not be logged."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(" ".join(CANARIES.values()))


def failing(*_: object, **__: object) -> Any:
    raise Boom


PLACES = [
    "codexcache.hooks.state.endpoint_of",
    "codexcache.hooks.http.within",
    "codexcache.body.incremental.parse",
    "codexcache.hooks.http.read_client_headers",
    "codexcache.hooks.http.read_turn",
    "codexcache.body.incremental.edited",
    "codexcache.hooks.state.State.edit",
    "codexcache.hooks.http.write_fields",
    "codexcache.turn.exchange.choose_key",
    "codexcache.turn.exchange.plan_edits",
    "codexcache.turn.cache_key.KeyMemory.remember",
    "codexcache.hooks.state._codex_host",
]


@pytest.mark.parametrize("place", PLACES)
async def test_a_fault_before_a_turn_leaves_passes_it_as_it_was_sent(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """Wherever it is; it is said once, however often it happens, and without quoting anything."""
    caplog.set_level(logging.DEBUG)
    upstream = await net.upstream()
    sent = request_bytes("chatgpt.com", RESPONSES, FIELDS, body(**TURN))
    async with connected(await net.proxy()) as connection:
        monkeypatch.setattr(place, failing)
        for _ in range(3):
            assert (await connection.send(sent)).status == 200
            assert upstream.last.raw == sent

    fault = "Codex Continuity has a fault (Boom at test_e2e_faults.py:"
    assert [line for line in said(caplog) if not line.startswith(fault)] == []
    assert_said_once(caplog)


SOCKET_PLACES = [
    "codexcache.hooks.state.endpoint_of",
    "codexcache.hooks.websocket.read_client_headers",
    "codexcache.body.incremental.parse",
    "codexcache.turn.websocket.read_turn",
    "codexcache.body.incremental.edited",
    "codexcache.turn.exchange.choose_key",
    "codexcache.turn.exchange.plan_handshake_edits",
    "codexcache.turn.websocket.Backlog.add",
    "codexcache.turn.websocket.Socket.read_event",
]


@pytest.mark.parametrize("place", SOCKET_PLACES)
async def test_a_fault_on_a_websocket_passes_its_messages_as_they_were_sent(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """The handshake, the turns and the answers arrive."""
    caplog.set_level(logging.DEBUG)
    recorder = await net.recorder(completed().decode())
    proxy = await net.proxy()
    monkeypatch.setattr(place, failing)
    async with opened(proxy, FIELDS) as peer:
        for _ in range(3):
            await peer.ask(frame(**TURN))

    unread = place.endswith(
        ("endpoint_of", "read_client_headers", "parse", "read_turn", "edited", "choose_key", "Backlog.add")
    )
    assert (recorder.messages == [frame(**TURN)] * 3) == unread
    assert_said_once(caplog)


async def test_a_fault_in_the_handshake_does_not_cost_its_turns_their_key(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head passes as it was sent, and the frames are given their key."""
    recorder = Recorder()
    upstream = await net.upstream(talking(recorder))
    proxy = await net.proxy()
    monkeypatch.setattr("codexcache.turn.exchange.plan_handshake_edits", failing)
    async with opened(proxy, [("session_id", "s")]) as peer:
        await peer.ask(frame())

    assert upstream.last.head == request_bytes("chatgpt.com", RESPONSES, [*HANDSHAKE, ("session_id", "s")], b"", "GET")
    assert recorder.messages == [frame(prompt_cache_key="s")]


@pytest.mark.parametrize(
    "place",
    [
        "codexcache.turn.stream.EventReader.feed",
        "codexcache.turn.response.ResponseInfo.read_event",
        "codexcache.turn.exchange.rejected_param",
        "codexcache.hooks.state.State.response_ended",
    ],
)
async def test_a_fault_after_a_turn_left_costs_the_response_nothing(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """Every byte arrives, and the next request is served."""
    caplog.set_level(logging.DEBUG)
    events = [completed(error={"message": CANARIES["prompt"]})]
    answer = b"".join([stream_head(), *map(chunk, events), chunk(b"")])
    await net.upstream(responding(answer))
    proxy = await net.proxy()
    monkeypatch.setattr(place, failing)
    for _ in range(3):
        assert bytes((await post(proxy, *FIELDS, **TURN)).raw) == answer

    assert_said_once(caplog)


async def test_faults_are_counted_and_the_count_is_said_at_the_end(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line at the first, one at the end."""
    await net.upstream()
    proxy = await net.proxy()
    monkeypatch.setattr("codexcache.hooks.http.within", failing)
    for _ in range(5):
        await post(proxy, *FIELDS)
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert len(said(caplog)) == 2
    assert said(caplog)[1].startswith("Codex Continuity had a fault 5 times: Boom at ")


async def test_a_fault_in_the_tunnel_decision_leaves_the_connection_working(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection is then decrypted, as mitmproxy does by itself, and unchanged."""
    upstream = await net.upstream(host="other.example")
    proxy = await net.proxy()
    monkeypatch.setattr("codexcache.hooks.tls.is_codex_host", failing)
    async with connected(proxy, "other.example") as connection:
        await connection.send(sent := request_bytes("other.example", RESPONSES, FIELDS, body()))

    assert upstream.last.raw == sent
    assert len(said(caplog)) == 1


def assert_said_once(caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog)
    assert len(set(said(caplog))) == len(said(caplog))
    assert_no_canaries(caplog)


def assert_no_canaries(caplog: pytest.LogCaptureFixture) -> None:
    assert canaries_in(everything_said(caplog.records)) == []


def canaries_in(text: str) -> list[str]:
    return [name for name, canary in CANARIES.items() if canary in text]


type Scenario = Callable[[Proxy, Upstream], Awaitable[None]]
REFUSAL = b'{"error":{"message":"Unsupported parameter: metadata","param":"metadata","code":"unknown_parameter"}}'


async def turn(proxy: Proxy, path: str = RESPONSES, text: bytes = body(**TURN), *more: tuple[str, str]) -> None:
    await post(proxy, *FIELDS, *more, path=path, text=text)


def answered(answer: Answer, text: bytes = body(**TURN)) -> Scenario:
    """Have a turn that is answered so."""

    async def scenario(proxy: Proxy, upstream: Upstream) -> None:
        upstream.answer = answer
        await turn(proxy, text=text)

    return scenario


async def cut(proxy: Proxy, upstream: Upstream) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(stream_head(), chunk(CANARIES["prompt"].encode()))
        exchange.writer.transport.abort()

    upstream.answer = answer
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, FIELDS, body(**TURN))
        await reply.piece()


async def socket(proxy: Proxy, upstream: Upstream) -> None:
    error = {"type": "error", "status": 400, "error": {"message": CANARIES["prompt"]}}
    upstream.answer = talking(Recorder(spelled(error).decode()))
    async with opened(proxy, FIELDS) as peer:
        for message in (frame(**TURN), frame(**TURN)[:-1], CANARIES["prompt"], f"response.create {TOKEN}"):
            await peer.ask(message)


PROMPT = CANARIES["prompt"].encode()
SCENARIOS: dict[str, Scenario] = {
    "a turn": lambda proxy, _: turn(proxy),
    "compact": lambda proxy, _: turn(proxy, COMPACT),
    "a query": lambda proxy, _: turn(proxy, f"{RESPONSES}?{CANARIES['path']}"),
    "another path": lambda proxy, _: turn(proxy, f"/{CANARIES['path']}"),
    "not JSON": lambda proxy, _: turn(proxy, RESPONSES, PROMPT),
    "cut JSON": lambda proxy, _: turn(proxy, RESPONSES, body(**TURN)[:-1]),
    "bad coding": lambda proxy, _: turn(proxy, RESPONSES, body(**TURN), ("content-encoding", TOKEN)),
    "bad gzip": lambda proxy, _: turn(proxy, RESPONSES, body(**TURN), ("content-encoding", "gzip")),
    "a long key": lambda proxy, _: turn(proxy, RESPONSES, body(prompt_cache_key=CANARIES["key"] * 20)),
    "refused": answered(
        responding(whole(REFUSAL, status="400 Bad Request")), body(**TURN, metadata={"x": CANARIES["prompt"]})
    ),
    "challenged": answered(responding(whole(PROMPT, status="403 Forbidden", kind="text/html"))),
    "streamed": answered(streaming(event("response.created", response={"id": CANARIES["response"]}), completed())),
    "cut": cut,
    "a socket": socket,
}
TURNS = {"a turn", "compact", "a query", "a long key", "refused", "challenged", "streamed", "cut", "a socket"}
UNREAD = {"not JSON", "cut JSON", "bad coding", "bad gzip"}


@pytest.mark.parametrize("mode", ["fill", "pin", "observe"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_secret_is_ever_logged(
    net: Network,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    mode: str,
) -> None:
    """Neither credentials, ids and keys nor prompts, by anything in the process, at any level; and none of them gets
    into the journal.
    """
    caplog.set_level(logging.DEBUG)
    journal = tmp_path / "journal.jsonl"
    upstream = await net.upstream()
    proxy = await net.proxy(codex_mode=mode, codex_learn="metadata", codex_journal=str(journal))
    for _ in range(2):
        await SCENARIOS[name](proxy, upstream)
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert_no_canaries(caplog)
    written = journal.read_text() if journal.exists() else ""
    assert bool(written) is (name in TURNS | UNREAD)
    assert canaries_in(written + capsys.readouterr().out) == []


@pytest.mark.parametrize("over", ["HTTP", "WebSocket"])
async def test_a_saved_flow_is_not_rewritten_when_it_is_read(net: Network, tmp_path: Path, over: str) -> None:
    """mitmproxy runs every hook again over a file; only live traffic is edited."""
    await net.upstream(talking(Recorder()) if over == "WebSocket" else None)
    proxy = await net.proxy(codex_mode="observe", save_stream_file=str(tmp_path / "flows"))
    if over == "HTTP":
        await post(proxy, ("session_id", "s"), stream_options={})
    else:
        async with opened(proxy, [("session_id", "s")]) as peer:
            await peer.ask(frame(stream_options={}))
            peer.close()
            await peer.receive()
    proxy.master.options.update(save_stream_file=None, codex_mode="fill")
    (saved,) = flows_in(tmp_path / "flows")
    before = saved.get_state()
    await proxy.master.load_flow(saved)

    parts = ("request", "response", "websocket")
    assert [saved.get_state()[part] for part in parts] == [before[part] for part in parts]
