"""A fault inside the addon costs no request, and nothing that is secret is ever logged."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Stage
from mitmproxy import io
from support.client import connected, request_bytes
from support.proxy import Proxy
from support.sockets import HANDSHAKE, Recorder, opened, talking
from support.upstream import Exchange, Upstream, chunk, responding, stream_head, streaming, whole
from support.wire import COMPACT, JSON, RESPONSES, body, completed, event, everything_said, frame, said

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


ROOMS = [
    "codexcache.hooks.http.endpoint_of",
    "codexcache.hooks.http.within",
    "codexcache.body.incremental.parse",
    "codexcache.hooks.http.read_sender",
    "codexcache.hooks.http.read_turn",
    "codexcache.body.incremental.edited",
    "codexcache.hooks.state.Core.sealed",
    "codexcache.hooks.http.write_fields",
    "codexcache.turn.exchange.resolve",
    "codexcache.turn.exchange.seal",
    "codexcache.turn.key_memory.Memory.remember",
    "codexcache.hooks.state._codex_host",
]


@pytest.mark.parametrize("room", ROOMS)
async def test_a_fault_before_a_turn_leaves_passes_it_as_it_was_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: str
) -> None:
    """Wherever it is; it is said once, however often it happens, and without quoting anything."""
    caplog.set_level(logging.DEBUG)
    upstream = await stage.upstream()
    sent = request_bytes("chatgpt.com", RESPONSES, FIELDS, body(**TURN))
    async with connected(await stage.proxy()) as connection:
        monkeypatch.setattr(room, failing)
        for _ in range(3):
            assert (await connection.send(sent)).status == 200
            assert upstream.last.raw == sent

    lines = said(caplog)
    assert lines
    assert all(line.startswith("Codex Continuity has a fault (Boom at test_e2e_faults.py:") for line in lines)
    assert len(set(lines)) == len(lines)
    assert_no_canaries(caplog)


SOCKET_ROOMS = [
    "codexcache.hooks.websocket.endpoint_of",
    "codexcache.hooks.websocket.read_sender",
    "codexcache.body.incremental.parse",
    "codexcache.turn.websocket.read_turn",
    "codexcache.body.incremental.edited",
    "codexcache.turn.exchange.resolve",
    "codexcache.turn.exchange.seal_handshake",
    "codexcache.turn.websocket.Backlog.add",
    "codexcache.turn.websocket.Socket.read_event",
]


@pytest.mark.parametrize("room", SOCKET_ROOMS)
async def test_a_fault_on_a_websocket_passes_its_messages_as_they_were_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: str
) -> None:
    """The handshake, the turns and the answers arrive."""
    caplog.set_level(logging.DEBUG)
    recorder = Recorder(completed().decode())
    await stage.upstream(talking(recorder))
    proxy = await stage.proxy()
    monkeypatch.setattr(room, failing)
    async with opened(proxy, FIELDS) as peer:
        for _ in range(3):
            await peer.ask(frame(**TURN))

    unread = room.endswith(("endpoint_of", "read_sender", "parse", "read_turn", "edited", "resolve", "Backlog.add"))
    assert (recorder.messages == [frame(**TURN)] * 3) == unread
    assert said(caplog)
    assert len(set(said(caplog))) == len(said(caplog))
    assert_no_canaries(caplog)


async def test_a_fault_in_the_handshake_does_not_cost_its_turns_their_key(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head passes as it was sent, and the frames are given their key."""
    recorder = Recorder()
    upstream = await stage.upstream(talking(recorder))
    proxy = await stage.proxy()
    monkeypatch.setattr("codexcache.turn.exchange.seal_handshake", failing)
    async with opened(proxy, [("session_id", "s")]) as peer:
        await peer.ask(frame())

    assert upstream.last.head == request_bytes("chatgpt.com", RESPONSES, [*HANDSHAKE, ("session_id", "s")], b"", "GET")
    assert recorder.messages == [frame(prompt_cache_key="s")]


@pytest.mark.parametrize(
    "room",
    [
        "codexcache.turn.response.Outcome.read_event",
        "codexcache.turn.exchange.refused_member",
        "codexcache.hooks.state.Core.end",
    ],
)
async def test_a_fault_after_a_turn_left_costs_the_response_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: str
) -> None:
    """Every byte arrives, and the next request is served."""
    caplog.set_level(logging.DEBUG)
    events = [completed(error={"message": CANARIES["prompt"]})]
    answer = b"".join([stream_head(), *map(chunk, events), chunk(b"")])
    await stage.upstream(responding(answer))
    proxy = await stage.proxy()
    monkeypatch.setattr(room, failing)
    async with connected(proxy) as connection:
        for _ in range(3):
            assert bytes((await connection.post(RESPONSES, FIELDS, body(**TURN))).raw) == answer

    assert said(caplog)
    assert_no_canaries(caplog)


async def test_faults_are_counted_and_the_count_is_said_at_the_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line at the first, one at the end."""
    await stage.upstream()
    proxy = await stage.proxy()
    monkeypatch.setattr("codexcache.hooks.http.within", failing)
    async with connected(proxy) as connection:
        for _ in range(5):
            await connection.post(RESPONSES, FIELDS, body())
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert len(said(caplog)) == 2
    assert said(caplog)[1].startswith("Codex Continuity had a fault 5 times: Boom at ")


async def test_a_fault_in_the_tunnel_decision_leaves_the_connection_working(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection is then decrypted, as mitmproxy does by itself, and unchanged."""
    upstream = await stage.upstream(host="other.example")
    proxy = await stage.proxy()
    monkeypatch.setattr("codexcache.hooks.tls.is_codex_host", failing)
    async with connected(proxy, "other.example") as connection:
        await connection.send(sent := request_bytes("other.example", RESPONSES, FIELDS, body()))

    assert upstream.last.raw == sent
    assert len(said(caplog)) == 1


def assert_no_canaries(caplog: pytest.LogCaptureFixture) -> None:
    assert canaries_in(everything_said(caplog.records)) == []


def canaries_in(text: str) -> list[str]:
    return [name for name, canary in CANARIES.items() if canary in text]


REFUSAL = b'{"error":{"message":"Unsupported parameter: metadata","param":"metadata","code":"unknown_parameter"}}'


def scenarios() -> Iterator[tuple[str, Callable[[Proxy, Upstream], Any]]]:
    """Yield what can happen to a turn, by name."""

    async def post(proxy: Proxy, path: str, text: bytes, *more: tuple[str, str]) -> None:
        async with connected(proxy) as connection:
            await connection.post(path, [JSON, *FIELDS, *more], text)

    yield "a turn", lambda proxy, _: post(proxy, RESPONSES, body(**TURN))
    yield "compact", lambda proxy, _: post(proxy, COMPACT, body(**TURN))
    yield "a query", lambda proxy, _: post(proxy, f"{RESPONSES}?{CANARIES['path']}", body(**TURN))
    yield "another path", lambda proxy, _: post(proxy, f"/{CANARIES['path']}", body(**TURN))
    yield "not JSON", lambda proxy, _: post(proxy, RESPONSES, CANARIES["prompt"].encode())
    yield "cut JSON", lambda proxy, _: post(proxy, RESPONSES, body(**TURN)[:-1])
    yield "bad coding", lambda proxy, _: post(proxy, RESPONSES, body(**TURN), ("content-encoding", TOKEN))
    yield "bad gzip", lambda proxy, _: post(proxy, RESPONSES, body(**TURN), ("content-encoding", "gzip"))
    yield "a long key", lambda proxy, _: post(proxy, RESPONSES, body(prompt_cache_key=CANARIES["key"] * 20))

    async def refused(proxy: Proxy, upstream: Upstream) -> None:
        upstream.answer = responding(whole(REFUSAL, status="400 Bad Request"))
        await post(proxy, RESPONSES, body(**TURN, metadata={"x": CANARIES["prompt"]}))

    async def challenged(proxy: Proxy, upstream: Upstream) -> None:
        upstream.answer = responding(whole(CANARIES["prompt"].encode(), status="403 Forbidden", kind="text/html"))
        await post(proxy, RESPONSES, body(**TURN))

    async def streamed(proxy: Proxy, upstream: Upstream) -> None:
        upstream.answer = streaming(event("response.created", response={"id": CANARIES["response"]}), completed())
        await post(proxy, RESPONSES, body(**TURN))

    async def cut(proxy: Proxy, upstream: Upstream) -> None:
        async def answer(exchange: Exchange) -> None:
            await exchange.send(stream_head(), chunk(CANARIES["prompt"].encode()))
            exchange.writer.transport.abort()

        upstream.answer = answer
        async with connected(proxy) as connection:
            reply = await connection.start(RESPONSES, FIELDS, body(**TURN))
            await reply.piece()

    async def socket(proxy: Proxy, upstream: Upstream) -> None:
        upstream.answer = talking(
            Recorder(f'{{"type":"error","status":400,"error":{{"message":"{CANARIES["prompt"]}"}}}}')
        )
        async with opened(proxy, FIELDS) as peer:
            for message in (frame(**TURN), frame(**TURN)[:-1], CANARIES["prompt"], f"response.create {TOKEN}"):
                await peer.ask(message)

    yield "refused", refused
    yield "challenged", challenged
    yield "streamed", streamed
    yield "cut", cut
    yield "a socket", socket


SCENARIOS = dict(scenarios())
TURNS = {"a turn", "compact", "a query", "a long key", "refused", "challenged", "streamed", "cut", "a socket"}
UNREAD = {"not JSON", "cut JSON", "bad coding", "bad gzip"}


@pytest.mark.parametrize("mode", ["fill", "pin", "observe"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_secret_is_ever_logged(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    mode: str,
) -> None:
    """Neither credentials, ids and keys nor prompts, by nobody in the process, at any level; and none of them gets
    into the journal.
    """
    caplog.set_level(logging.DEBUG)
    journal = tmp_path / "journal.jsonl"
    upstream = await stage.upstream()
    proxy = await stage.proxy(codex_mode=mode, codex_learn="metadata", codex_journal=str(journal))
    for _ in range(2):
        await SCENARIOS[name](proxy, upstream)
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert_no_canaries(caplog)
    written = journal.read_text() if journal.exists() else ""
    assert bool(written) is (name in TURNS | UNREAD)
    assert canaries_in(written + capsys.readouterr().out) == []


async def test_a_saved_flow_is_not_rewritten_when_it_is_read(stage: Stage, tmp_path: Path) -> None:
    """mitmproxy runs every hook again over a file; only live traffic is edited."""
    await stage.upstream()
    proxy = await stage.proxy(codex_mode="observe", save_stream_file=str(tmp_path / "flows"))
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON, ("session_id", "s")], body(stream_options={}))
    proxy.master.options.update(save_stream_file=None, codex_mode="fill")
    with (tmp_path / "flows").open("rb") as file:
        (flow,) = io.FlowReader(file).stream()
    before = flow.get_state()
    await proxy.master.load_flow(flow)

    assert flow.get_state()["request"] == before["request"]


async def test_a_saved_websocket_is_not_rewritten_when_it_is_read(stage: Stage, tmp_path: Path) -> None:
    """Neither its handshake nor its messages."""
    await stage.upstream(talking(Recorder()))
    proxy = await stage.proxy(codex_mode="observe", save_stream_file=str(tmp_path / "flows"))
    async with opened(proxy, [("session_id", "s")]) as peer:
        await peer.ask(frame(stream_options={}))
        peer.close()
        await peer.receive()
    proxy.master.options.update(save_stream_file=None, codex_mode="fill")
    with (tmp_path / "flows").open("rb") as file:
        (flow,) = io.FlowReader(file).stream()
    before = flow.get_state()
    await proxy.master.load_flow(flow)

    after = flow.get_state()
    parts = ("request", "response", "websocket")
    assert [after[part] for part in parts] == [before[part] for part in parts]


async def test_a_replayed_flow_is_a_turn_like_any_other(stage: Stage, tmp_path: Path) -> None:
    """`replay.client`, from the UI or a file: what was recorded without the addon gets its key."""
    upstream = await stage.upstream(streaming(completed("resp_9")))
    proxy = await stage.proxy(codex_mode="observe", save_stream_file=str(tmp_path / "flows"))
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON, ("session_id", "s")], body(stream_options={}))
    proxy.master.options.update(save_stream_file=None, codex_mode="fill")
    with (tmp_path / "flows").open("rb") as file:
        flows = list(io.FlowReader(file).stream())
    proxy.master.commands.call("replay.client", flows)
    await proxy.master.addons.get("clientplayback").queue.join()

    assert len(upstream.requests) == 2
    assert upstream.last.body == body(prompt_cache_key="s")
    assert upstream.last.values("session-id") == ["s"]
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON], body(input=[], previous_response_id="resp_9"))
    assert upstream.last.values("session-id") == ["s"]


async def test_a_replay_in_observe_arrives_as_it_was(stage: Stage, tmp_path: Path) -> None:
    """The kill switch holds for it too."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(codex_mode="observe", save_stream_file=str(tmp_path / "flows"))
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON, ("session_id", "s")], body(stream_options={}))
    proxy.master.options.update(save_stream_file=None)
    with (tmp_path / "flows").open("rb") as file:
        flows = list(io.FlowReader(file).stream())
    proxy.master.commands.call("replay.client", flows)
    await proxy.master.addons.get("clientplayback").queue.join()

    assert upstream.requests[0].raw == upstream.requests[1].raw
