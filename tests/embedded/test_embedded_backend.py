"""The embedded backend as a whole: its CA and its ports, its endpoints apart from turns, and as a program."""

import asyncio
import signal
import ssl
import stat
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import orjson
import pytest
from embedded_backend import Backend, Received, Rules
from embedded_backend.__main__ import main
from embedded_backend.rules import Break
from embedded_backend.tunnel import Tunnel
from support.embedded import PATH, SESSION, body, cached, http_client, socket_client, trust
from toolkit.conversation import read_events

MODELS = "/backend-api/codex/models"
SCRIPTS = Path(__file__).parents[2] / "scripts"


async def test_the_clock_is_the_callers(tmp_path: Path) -> None:
    seconds = iter((0.0, 10.0, 71.0))
    rules = Rules(idle_seconds=60)
    async with Backend(rules, home=tmp_path, clock=lambda: next(seconds)) as backend, http_client(backend) as client:
        streams = [await client.post(PATH, json=body(), headers=SESSION) for _ in range(3)]

    assert [cached(read_events(stream.content)[-1]) for stream in streams] == [0, 2048, 0]


async def test_a_client_that_trusts_the_ca_reaches_the_tls_port_also_after_a_restart(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as before:
        trusted = trust(before)
    async with Backend(home=tmp_path) as backend, httpx.AsyncClient(verify=trusted) as client:
        response = await client.get(f"https://localhost:{backend.port}{MODELS}")

    assert response.status_code == 200


async def test_the_key_is_for_its_owner_alone_and_not_in_the_file_for_clients(backend: Backend, tmp_path: Path) -> None:
    assert {file.name for file in tmp_path.iterdir()} == {"ca.key", "ca.pem"}
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600
    assert b"PRIVATE KEY" not in backend.ca_file.read_bytes()


@pytest.mark.parametrize("host", ["chatgpt.com", "gov.chatgpt.com", "gateway.example", "other.test"])
async def test_any_host_is_served_and_its_name_is_kept(backend: Backend, host: str) -> None:
    async with http_client(backend, host) as client:
        await client.get(MODELS)

    assert [host] == [received.host for received in backend.received]


async def asked(port: int, request: bytes) -> bytes:
    """Return what a CONNECT port says to a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_the_connect_port_refuses_a_plain_request(backend: Backend) -> None:
    assert (await asked(backend.connect_port, b"GET http://a.test/ HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 405 ")


async def test_a_target_that_is_gone_ends_the_connection() -> None:
    async with Tunnel(1) as tunnel:
        assert await asked(tunnel.port, b"CONNECT anything.test:443 HTTP/1.1\r\n\r\n") == b""


async def test_the_end_does_not_wait_for_open_connections_sockets_and_turns(tmp_path: Path) -> None:
    async with AsyncExitStack() as clients:
        async with Backend(home=tmp_path) as backend:
            socket = await clients.enter_async_context(socket_client(backend))
            client = await clients.enter_async_context(http_client(backend))
            idle = asyncio.create_task(asked(backend.connect_port, b""))
            backend.breaks.add(SESSION["session-id"], Break(hold_after=0))
            turn = asyncio.create_task(client.post(PATH, json=body(), headers=SESSION))
            await backend.breaks.held(1)
        with suppress(httpx.HTTPError):  # or it is answered at the last moment
            await turn

    assert await idle == b""
    assert socket.connection.close_code == 1001


@pytest.mark.parametrize(
    "asked_for",
    ["GET /", f"GET {PATH}", f"PUT {PATH}", "POST /v1/responses", "POST /backend-api/codex/analytics-events/events"],
)
async def test_everything_else_is_a_404_in_json(backend: Backend, http: httpx.AsyncClient, asked_for: str) -> None:
    response = await http.request(*asked_for.split())

    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})
    assert [asked_for] == [f"{received.method} {received.path}" for received in backend.received]


async def test_answers_have_a_request_id_and_a_route_cookie(http: httpx.AsyncClient) -> None:
    one, two = [await http.get("/") for _ in range(2)]

    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert one.headers["set-cookie"].startswith("__oailb=")


async def test_headers_are_kept_in_lower_case_with_each_value(backend: Backend, http: httpx.AsyncClient) -> None:
    await http.get("/", headers=[("Session_ID", "a"), ("X-Twice", "1"), ("X-Twice", "2")])
    (received,) = backend.received

    assert [value for name, value in received.headers if name == "x-twice"] == ["1", "2"]
    assert [received.header(name) for name in ("session_id", "X-Twice", "session-id")] == ["a", "1", None]


async def test_what_a_client_asks_for_before_a_turn_is_answered(http: httpx.AsyncClient) -> None:
    models = await http.get(f"{MODELS}?client_version=1")
    accounts = await http.get("/backend-api/wham/accounts/check", headers={"chatgpt-account-id": "acc"})
    entry = {"id": "acc", "plan_type": "plus", "workspace_backend_origin": "https://chatgpt.com"}

    assert models.json() == {"models": []}
    assert accounts.json() == {
        "accounts": [entry | {"account_routing_override": "NO_CONSTRAINT"}],
        "account_ordering": ["acc"],
        "default_account_id": "acc",
    }


def test_as_a_program_it_serves_and_records_until_it_is_told_to_end(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    command = [sys.executable, "-m", "embedded_backend", "--home", str(tmp_path), "--record", str(record)]
    with subprocess.Popen(command, cwd=SCRIPTS, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = orjson.loads(process.stdout.readline())
        trusted = ssl.create_default_context(cafile=ready["ca_file"])
        httpx.get(f"https://127.0.0.1:{ready['port']}/a?b", verify=trusted)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=10) == 0
    assert [Received.from_line(line).path for line in record.read_bytes().splitlines()] == ["/a?b"]


def test_a_rule_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such rule: nonsense"):
        main(["--home", str(tmp_path), "--set", "nonsense=1"])
