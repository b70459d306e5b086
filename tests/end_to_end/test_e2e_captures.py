"""A capture or a HAR that mitmdump wrote, with the addon or without it, is explained by another mitmdump."""

import json
import ssl
from pathlib import Path
from typing import Any

import httpx
import websockets
from codex_ways.ways import IDENTITIES, through
from codexcache.body.json_splice import Json, Object
from embedded_backend import Backend
from support.embedded import PATH, SocketClient, body
from support.journals import CACHED, INPUT, entries_of
from support.patience import until
from support.programs import Program, started
from support.saved import flows_in
from support.talks import asked
from toolkit.client import by_http, by_websocket
from toolkit.client import converse as talk
from toolkit.process import ADDON, start_mitmdump

ANEW = {"run", "conversation"}
"""What is made up at each start."""

TOOLS = [{"type": "function", "name": "shell", "description": "one", "parameters": {}}]
WHO = {"authorization": "Bearer x", "chatgpt-account-id": "a", "user-agent": "agent/1.0"}


async def post(proxy: str, tls: ssl.SSLContext, **members: Any) -> None:
    """Send a turn over HTTP, without any key."""
    async with httpx.AsyncClient(verify=tls, proxy=proxy, trust_env=False, timeout=30) as client:
        await client.post(f"https://chatgpt.com{PATH}", json=body(**members), headers=WHO)


async def converse(program: Program, confdir: Path) -> None:
    """Have two conversations at the same time: one socket that stays open, and requests in between."""
    proxy = f"http://127.0.0.1:{program.port}"
    tls = ssl.create_default_context(cafile=str(confdir / "mitmproxy-ca-cert.pem"))
    headers = {**WHO, "x-session-id": "a session"}
    async with websockets.connect(
        f"wss://chatgpt.com{PATH}", ssl=tls, proxy=proxy, additional_headers=headers
    ) as connection:
        socket = SocketClient(connection)
        last = (await socket.turn(input=asked("by socket")))[-1]
        await post(proxy, tls, input=asked("by request"))
        await socket.turn(input=asked("more"), previous_response_id=last["response"]["id"])
        await post(proxy, tls, input=asked("by request", "more"))
        await socket.turn(input=asked("by socket"), tools=TOOLS)
        await post(proxy, tls, input=asked("by request", "more", "and more"), tools=TOOLS)
        await post(proxy, tls, input=asked("hello"), max_output_tokens=7)


async def captured(backend: Backend, confdir: Path, capture: Path, journal: Path) -> list[Object]:
    """Write a capture and a journal of a talk, and return the journal."""
    trusted = f"ssl_verify_upstream_trusted_ca={backend.ca_file}"
    arguments = "-w", str(capture), "--set", trusted, "--set", f"codex_journal={journal}"
    mode = f"upstream:http://127.0.0.1:{backend.connect_port}"
    async with started("mitmdump", *arguments, confdir=confdir, mode=mode) as program:
        await program.listens()
        await converse(program, confdir)
        await until(lambda: len(entries_of(journal)) == 7 and len(flows_in(capture)) == 5)
    return entries_of(journal)


async def read_again(confdir: Path, capture: Path, journal: Path, *arguments: str) -> tuple[list[Object], str]:
    """Read a capture with mitmdump, and return the journal and the screen."""
    arguments = "-nr", str(capture), "--set", f"codex_journal={journal}", *arguments
    async with started("mitmdump", *arguments, confdir=confdir) as program:
        assert await program.ends() == 0
    return entries_of(journal), program.screen


def lasting(entry: Object) -> Object:
    return {name: value for name, value in entry.items() if name not in ANEW}


async def test_a_capture_is_explained_as_the_traffic_was(confdir: Path, tmp_path: Path) -> None:
    """HTTP and WebSocket; the file stays as it is, and can be read as often as one likes."""
    capture = tmp_path / "capture.mitm"
    async with Backend(home=tmp_path / "backend") as backend:
        live = await captured(backend, confdir, capture, tmp_path / "live.jsonl")
    before = capture.read_bytes()
    once, screen = await read_again(confdir, capture, tmp_path / "once.jsonl")
    again, quiet = await read_again(confdir, capture, tmp_path / "again.jsonl", "-q")

    assert [(entry["transport"], entry["verdict"]) for entry in live] == [
        ("websocket", "cold"),
        ("http", "cold"),
        ("websocket", "hit"),
        ("http", "hit"),
        ("websocket", "tools_changed"),
        ("http", "tools_changed"),
        ("http", "rejected"),
    ]
    assert [lasting(entry) for entry in once] == [lasting(entry) for entry in live]
    assert [lasting(entry) for entry in again] == [lasting(entry) for entry in live]
    assert "7 turns in 3 conversations" in screen
    assert quiet == ""
    assert capture.read_bytes() == before


async def written(backend: Backend, home: Path, name: str, *scripts: Path, **options: object) -> None:
    """Have a conversation by HTTP and one by WebSocket, and write a capture and a HAR of both."""
    saved = {"save_stream_file": home / f"{name}.mitm", "hardump": home / f"{name}.har", **options}
    mode = f"upstream:http://127.0.0.1:{backend.connect_port}"
    async with await start_mitmdump(
        home / "proxy", modes=[mode], upstream_ca=backend.ca_file, scripts=scripts, options=saved
    ) as proxy:
        await talk([through(proxy)], IDENTITIES["a key"], by_http, account="HTTP")
        await talk([through(proxy)], IDENTITIES["a session"], by_websocket, account="WebSocket")


def turns_of_har(path: Path) -> list[tuple[str, str]]:
    """Return the requests with a body in a HAR: where they went, and what they said."""
    entries = json.loads(path.read_text())["log"]["entries"]
    sent = [entry["request"] for entry in entries if "postData" in entry["request"]]
    return [(request["url"], request["postData"]["text"]) for request in sent]


def told(entries: list[Object]) -> list[tuple[Json, ...]]:
    return [tuple(entry.get(name) for name in ("transport", "verdict", INPUT, CACHED)) for entry in entries]


async def test_captures_and_hars_are_explained_whether_the_addon_was_there_or_not(tmp_path: Path) -> None:
    """The HARs tell of the same turns. (mitmproxy reads no messages of a WebSocket from a HAR.)"""
    async with Backend(home=tmp_path / "backend") as backend:
        await written(backend, tmp_path, "bare")
        await written(backend, tmp_path, "live", ADDON, codex_journal=tmp_path / "live.jsonl")
    explained = {}
    for name in ("bare.mitm", "bare.har", "live.har"):
        entries, _ = await read_again(tmp_path / "proxy", tmp_path / name, tmp_path / f"{name}.jsonl")
        explained[name] = told(entries)
    live = told(entries_of(tmp_path / "live.jsonl"))

    assert turns_of_har(tmp_path / "live.har") == turns_of_har(tmp_path / "bare.har")
    assert [row[:2] for row in live] == [(way, verdict) for way in ("http", "websocket") for verdict in ("cold", "hit")]
    assert explained["live.har"] == live[:2]
    assert [row[1] for row in explained["bare.mitm"]] == ["cold", "session_missing"] * 2
    assert [row[::2] for row in explained["bare.mitm"]] == [row[::2] for row in live]
    assert explained["bare.har"] == explained["bare.mitm"][:2]
