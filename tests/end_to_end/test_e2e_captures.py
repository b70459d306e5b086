"""A capture or a HAR that mitmdump wrote, with the addon or without it, is explained by another mitmdump."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import websockets
from codex_ways.ways import IDENTITIES, through
from codexcache.body.json_splice import Json, Object
from embedded_backend import Backend
from support.embedded import PATH, SocketClient, body
from support.journals import CACHED, INPUT, entries_of
from support.programs import started
from support.talks import asked
from toolkit.client import by_http, by_websocket
from toolkit.conversation import converse
from toolkit.process import Proxy, start_mitmdump
from toolkit.program import ADDON

ANEW = {"run", "conversation"}
"""What is made up at each start."""

TOOLS = [{"type": "function", "name": "shell", "description": "one", "parameters": {}}]
WHO = {"authorization": "Bearer x", "chatgpt-account-id": "a", "user-agent": "agent/1.0"}


async def post(proxy: Proxy, **members: Any) -> None:
    """Send a turn over HTTP, without any key."""
    async with httpx.AsyncClient(verify=proxy.tls(), proxy=proxy.url, trust_env=False, timeout=30) as client:
        await client.post(f"https://chatgpt.com{PATH}", json=body(**members), headers=WHO)


async def interleaved(proxy: Proxy) -> None:
    """Have two conversations at the same time: one socket that stays open, and requests in between."""
    headers = {**WHO, "x-session-id": "a session"}
    async with websockets.connect(
        f"wss://chatgpt.com{PATH}", ssl=proxy.tls(), proxy=proxy.url, additional_headers=headers
    ) as connection:
        socket = SocketClient(connection)
        last = (await socket.turn(input=asked("by socket")))[-1]
        await post(proxy, input=asked("by request"))
        last = (await socket.turn(input=asked("more"), previous_response_id=last["response"]["id"]))[-1]
        await post(proxy, input=asked("by request", "more"))
        await socket.turn(input=asked("and more"), previous_response_id=last["response"]["id"], tools=TOOLS)
        await post(proxy, input=asked("by request", "more", "and more"), tools=TOOLS)
        await post(proxy, input=asked("hello"), max_output_tokens=7)


async def one_after_the_other(proxy: Proxy) -> None:
    """Have a conversation by HTTP and one by WebSocket."""
    await converse([through(proxy)], IDENTITIES["a key"], by_http, account="HTTP")
    await converse([through(proxy)], IDENTITIES["a session"], by_websocket, account="WebSocket")


async def written(
    backend: Backend, home: Path, talk: Callable[[Proxy], Awaitable[None]], *scripts: Path, name: str = "live"
) -> list[Object]:
    """Write a capture and a HAR of what is said through a proxy, and return its journal, if it has the addon."""
    options: dict[str, object] = {"save_stream_file": home / f"{name}.mitm", "hardump": home / f"{name}.har"}
    options |= {"codex_journal": home / f"{name}.jsonl"} if scripts else {}
    modes = [f"upstream:http://127.0.0.1:{backend.connect_port}"]
    async with await start_mitmdump(
        home / "proxy", modes=modes, upstream_ca=backend.ca_file, scripts=scripts, options=options
    ) as proxy:
        await talk(proxy)
    return entries_of(home / f"{name}.jsonl")


async def read_again(home: Path, name: str, *arguments: str) -> tuple[list[Object], str]:
    """Read a capture or a HAR with mitmdump, and return the journal and the screen."""
    (journal := home / "again.jsonl").unlink(missing_ok=True)
    arguments = "-nr", str(home / name), "--set", f"codex_journal={journal}", *arguments
    async with started("mitmdump", *arguments, confdir=home / "proxy") as program:
        assert await program.ended() == 0
    return entries_of(journal), program.text


def lasting(entry: Object) -> Object:
    return {name: value for name, value in entry.items() if name not in ANEW}


async def test_a_capture_is_explained_as_the_traffic_was(tmp_path: Path) -> None:
    """HTTP and WebSocket; the file stays as it is, and can be read as often as one likes."""
    async with Backend(home=tmp_path / "backend") as backend:
        live = await written(backend, tmp_path, interleaved, ADDON)
    before = (tmp_path / "live.mitm").read_bytes()
    once, screen = await read_again(tmp_path, "live.mitm")
    again, quiet = await read_again(tmp_path, "live.mitm", "-q")

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
    assert (tmp_path / "live.mitm").read_bytes() == before


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
        await written(backend, tmp_path, one_after_the_other, name="bare")
        live = told(await written(backend, tmp_path, one_after_the_other, ADDON))
    names = ("bare.mitm", "bare.har", "live.har")
    explained = {name: told((await read_again(tmp_path, name))[0]) for name in names}

    assert turns_of_har(tmp_path / "live.har") == turns_of_har(tmp_path / "bare.har")
    assert [row[:2] for row in live] == [(way, verdict) for way in ("http", "websocket") for verdict in ("cold", "hit")]
    assert explained["live.har"] == live[:2]
    assert [row[1] for row in explained["bare.mitm"]] == ["cold", "session_missing"] * 2
    assert [row[::2] for row in explained["bare.mitm"]] == [row[::2] for row in live]
    assert explained["bare.har"] == explained["bare.mitm"][:2]
