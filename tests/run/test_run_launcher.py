"""The launcher from its start to its end, with a real proxy, a backend behind it, and clients that are a few lines."""

import asyncio
import json
import os
import signal
import socket
import sys
from dataclasses import replace

import pytest
from embedded_backend.certificates import Authority
from support.launched import SCRIPTS, Home, gone, programs, written_by
from toolkit.process import finished


async def test_a_session_ends_with_the_clients_status_and_a_summary(home: Home) -> None:
    """What the client writes is left alone, and nothing is left behind."""
    ended = await home.run(*home.behind, "--", *home.client("turn(); turn(); print('done'); sys.exit(7)"))

    assert (ended.status, ended.out) == (7, "done\n")
    assert ended.errors.splitlines()[1] == "Codex Continuity: 2 turns in 1 conversation"
    assert "input tokens were read from the prompt cache" in ended.errors
    assert "changed: prompt_cache_key, session-id, session_id, x-client-request-id in 2 turns" in ended.errors
    assert home.left_behind == []
    assert programs(str(home.folder)) == []


@pytest.mark.parametrize("falls_back", [True, False])
async def test_a_websocket_that_was_refused_is_named_with_status_and_reason(home: Home, falls_back: bool) -> None:
    """With the turns that the client had over HTTP instead, or where it gave up."""
    home.backend.rules = replace(home.backend.rules, upgrade_status=426)
    script = """
import http.client, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=20)
connection.set_tunnel("chatgpt.com", 443)
fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "a" * 22}
connection.request("GET", "/backend-api/codex/responses", headers=fields)
print(connection.getresponse().status)
"""
    ended = await home.run(*home.behind, "--", *home.client(script + ("turn()" if falls_back else "")))

    assert ended.out == "426\n"
    assert ("1 turn in 1 conversation" if falls_back else "no turn of the Codex backend") in ended.errors
    assert "The WebSocket was refused with status 426 Upgrade Required" in ended.errors


EDITED_TOOL = """
history = []
for number, said in enumerate(("as it was", "as it was", "edited")):
    history.append({"role": "user", "content": f"question {number}"})
    tool = {"type": "function", "name": "shell", "description": said, "parameters": {"type": "object"}}
    body = {"model": "gpt-5.5", "instructions": "x" * 16384, "tools": [tool], "input": history, "stream": True}
    body["store"] = False
    fields = {"content-type": "application/json", "authorization": "Bearer x", "chatgpt-account-id": "a"}
    url = "https://chatgpt.com/backend-api/codex/responses"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), fields), timeout=20) as answer:
        events = [json.loads(line[6:]) for line in answer.read().splitlines() if line.startswith(b"data: ")]
    history += [event["item"] for event in events if event["type"] == "response.output_item.done"]
"""
"""A client whose third turn misses because it edited a tool."""


@pytest.mark.parametrize(("budget", "script", "status"), [("1%", "", 3), ("99%", "", 0), ("1%", "sys.exit(5)", 5)])
async def test_over_the_budget_the_status_is_three_unless_the_client_failed(
    home: Home, budget: str, script: str, status: int
) -> None:
    ended = await home.run(*home.behind, "--fail-over", budget, "--", *home.client(EDITED_TOOL + script))

    assert ended.status == status
    assert ("was avoidably re-sent" in ended.errors) == (status == 3)


async def test_what_the_input_cost_is_said_at_the_users_prices(home: Home) -> None:
    ended = await home.run(*home.behind, "--price", "1.25,0.125", "--", *home.client(EDITED_TOOL))

    assert "at 1.25 and 0.125 a million: 0.0" in ended.errors
    assert "less if nothing had been avoidably re-sent" in ended.errors


async def test_a_command_needs_no_dashes_where_it_stands_first(home: Home) -> None:
    ended = await home.run(sys.executable, "-c", "print('done')")

    assert (ended.status, ended.out) == (0, "done\n")


async def test_a_status_line_knows_the_turns_of_a_session_that_has_ended(home: Home) -> None:
    await home.run(*home.behind, "--set", f"codex_state={home.folder}/state.sqlite", "--", *home.client(EDITED_TOOL))
    command = [sys.executable, "-I", str(SCRIPTS / "codex_cli"), "status", "--state", f"{home.folder}/state.sqlite"]
    ended = await finished(command, environment=home.environment)

    assert ended.status == 0
    assert "3 turns today, last miss " in ended.out
    assert "tools_changed: " in ended.out


async def test_only_the_user_can_look_into_the_launchers_folder(home: Home) -> None:
    """The proxy's log is there too, and only the user may change which CAs are named."""
    script = """
work_dir = os.path.dirname(os.environ["SSL_CERT_FILE"])
modes = {name: oct(os.stat(os.path.join(work_dir, name)).st_mode & 0o777) for name in (".", *os.listdir(work_dir))}
print(json.dumps({name: mode for name, mode in modes.items() if not name.endswith(".log")}))
"""
    ended = await home.run(*home.behind, "--quiet", "--", *home.client(script))

    bundles = ("ca-added.pem", "ca-bundle.pem", "ca-upstream.pem")
    assert json.loads(ended.out) == {".": "0o700", **dict.fromkeys(bundles, "0o600")}


async def test_quiet_says_nothing_and_observe_is_passed_on(home: Home) -> None:
    ended = await home.run(*home.behind, "--quiet", "--set", "codex_mode=observe", "--", *home.client("turn()"))

    assert (ended.status, ended.out, ended.errors) == (0, "", "")
    assert [each.header("session-id") for each in home.backend.received] == [None]


async def test_a_client_with_cas_of_its_own_is_told_so(home: Home, authority: Authority) -> None:
    own = f"os.environ['SSL_CERT_FILE'] = {str(authority.ca_file)!r}\n"
    ended = await home.run(*home.behind, "--", *home.client(f"{own}turn()"))

    assert ended.status == 1
    assert "The client refused the proxy's certificate for chatgpt.com: it does not trust the CA" in ended.errors
    assert "httpx takes SSL_CERT_FILE" in ended.errors
    assert "mitmproxy's CA" not in ended.errors  # what the addon says of it itself would say it twice


async def test_a_client_that_ignores_the_proxy_is_told_so(home: Home) -> None:
    """As is one that is sent past it, before it starts and at the end."""
    home.variables["NO_PROXY"] = "chatgpt.com"
    ended = await home.run(*home.behind, "--", *home.client("pass"))

    assert (
        ended.errors.splitlines()[0]
        == "scripts/run: NO_PROXY has 'chatgpt.com', which sends the command past the proxy."
    )
    assert "The client opened no connection through the proxy: NO_PROXY has 'chatgpt.com'" in ended.errors


async def test_other_hosts_are_passed_unopened_and_named(home: Home, authority: Authority) -> None:
    """Their certificates are their own, which the client trusts as before; the proxy makes none for them."""
    home.variables["SSL_CERT_FILE"] = str(authority.ca_file)
    ended = await home.run(*home.behind, "--", *home.client("turn(host='other.example')"))

    assert ended.status == 0
    assert "only for other hosts, which pass unopened: other.example." in ended.errors
    assert [each.host for each in home.backend.received] == ["other.example"]


async def test_the_users_own_proxy_and_cas_are_gone_through(home: Home) -> None:
    """Without an option: by HTTPS_PROXY and SSL_CERT_FILE, with the password that the proxy asks for."""
    heads: list[bytes] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(pass_on, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        home.variables["HTTPS_PROXY"] = f"http://me:secret@127.0.0.1:{port}"
        await home.run("--", *home.client("turn()"))

    assert heads[0].startswith(b"CONNECT chatgpt.com:443")
    assert b"proxy-authorization: basic bwu6c2vjcmv0" in heads[0].lower()


async def test_mitmweb_is_opened_next_to_it_on_request(home: Home) -> None:
    """Its page is named before the client starts, and ends with it."""
    options = (*home.behind, "--ui", "web", "--set", "web_open_browser=false")
    ended = await home.run(*options, "--", *home.client("turn()"))
    page = ended.errors.splitlines()[0]

    assert page.startswith("mitmweb is at http://127.0.0.1:")
    assert "/?token=" in page
    assert "1 turn in 1 conversation" in ended.errors


async def test_signals_are_passed_on(home: Home) -> None:
    """Each once, and the launcher dies of the one that the client died of."""
    script = """
for each in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(each, lambda number, frame: os.write(1, f"{signal.Signals(number).name}\\n".encode()))
print("ready", flush=True)
while True: time.sleep(9)
"""
    async with home.started(*home.behind, "--", *home.client(script)) as process:
        assert process.stdout is not None
        seen = [await process.stdout.readline()]
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            process.send_signal(number)
            seen.append(await process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        out, _ = await written_by(process)

    assert [*seen, out] == [b"ready\n", b"SIGINT\n", b"SIGHUP\n", b"SIGUSR1\n", b""]
    assert process.returncode == -signal.SIGTERM
    assert home.left_behind == []


async def test_a_launcher_that_is_killed_leaves_the_client_its_proxy(home: Home) -> None:
    """For as long as the client runs; then nothing is left."""
    flag = home.folder / "killed"
    script = f"""
print("ready", flush=True)
while not os.path.exists({str(flag)!r}): time.sleep(0.02)
turn()
"""
    async with home.started(*home.behind, "--", *home.client(script)) as process:
        assert process.stdout is not None
        await process.stdout.readline()
        process.kill()
        await asyncio.sleep(0.1)
        flag.touch()
        await written_by(process)  # the client has its standard output until it ends

    assert len(home.backend.received) == 1
    assert await gone(str(home.folder))
    assert home.left_behind == []


async def test_a_proxy_that_dies_does_not_go_unsaid(home: Home) -> None:
    """The client continues, and its status counts."""
    script = "print('ready', flush=True); time.sleep(0.5); sys.exit(3)"
    async with home.started(*home.behind, "--", *home.client(script)) as process:
        assert process.stdout is not None
        await process.stdout.readline()
        (proxy,) = (pid for pid in programs(f"127.0.0.1:{home.backend.connect_port}") if pid != process.pid)
        os.kill(proxy, signal.SIGKILL)
        _, errors = await written_by(process)

    assert process.returncode == 3
    assert b"scripts/run: The proxy has ended, so the command's turns fail from now on." in errors
    assert b"the proxy ended before the command did" in errors


async def test_an_end_that_is_asked_for_before_the_client_starts_is_obeyed(home: Home) -> None:
    async with home.started(*home.behind, "--", *home.client("print('started')")) as process:
        while not home.left_behind:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        out, _ = await written_by(process)

    assert (process.returncode, out) == (-signal.SIGTERM, b"")
    assert home.left_behind == []


async def test_a_port_in_use_is_said(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = await home.run("--port", str(port), "--", "true")

    assert ended.status == 125
    assert ended.errors == f"scripts/run: Port {port} is in use by another program. Leave --port out for a free one.\n"
    assert home.left_behind == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "codex_tunnel=x"], "The proxy did not start: codex_tunnel is 'x', but it takes on or off."),
        (["--no-such-option"], "The proxy did not start: unrecognized arguments: --no-such-option"),
        (["--mode", "socks5"], "The command needs a proxy: --mode takes regular or upstream here."),
    ],
)
async def test_a_proxy_that_does_not_start_says_why(home: Home, options: list[str], said: str) -> None:
    ended = await home.run(*options, "--", "true")

    assert (125, f"scripts/run: {said}\n") == (ended.status, ended.errors)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("no-such-command", 127, "There is no command no-such-command on the PATH"),
        ("./no-such-command", 127, "There is no command ./no-such-command."),
        ("/", 126, "/ cannot be run: it is a folder."),
        (__file__, 126, f"{__file__} cannot be run: it is not executable."),
    ],
)
async def test_a_command_that_cannot_be_run_is_said_before_anything_starts(
    home: Home, command: str, status: int, said: str
) -> None:
    ended = await home.run("--", command)

    assert status == ended.status
    assert ended.errors.startswith(f"scripts/run: {said}")


async def test_a_command_that_the_system_refuses_is_said(home: Home) -> None:
    """Such as a file that is executable and no program."""
    file = home.folder / "empty"
    file.touch(mode=0o755)
    ended = await home.run(*home.behind, "--", str(file))

    assert (
        126,
        f"scripts/run: {file} cannot be run: Exec format error. A script needs a first line such as #!/bin/sh.\n",
    ) == (ended.status, ended.errors)
    assert home.left_behind == []
