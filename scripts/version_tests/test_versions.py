"""A mitmproxy that lacks something says so, and with what the sentence says to run it carries turns."""

import functools
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import zstandard
from codex_ways.ways import IDENTITIES, PATH, judged, through
from embedded_backend import Backend
from toolkit.client import Identity, by_http, by_websocket, converse
from toolkit.process import ADDON, start_mitmdump

from version_tests.environments import NO_UV, OLD_PYTHONS, Environment, by_pip, by_pipx, by_uv_tool, command_in, told

PACKED = Identity(headers={"content-encoding": "zstd"})
WAYS = [
    pytest.param(by_pip, id="pip"),
    pytest.param(by_uv_tool, id="uv tool", marks=pytest.mark.skipif(bool(NO_UV), reason=NO_UV or "it is here")),
    pytest.param(by_pipx, id="pipx"),
]
NEW_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

type Install = Callable[[Path, str], Awaitable[Environment]]


async def conversed(environment: Environment, home: Path) -> str:
    """Have a conversation whose bodies are in zstd, and one over WebSocket; return what they have shown."""
    async with Backend(home=home / "backend") as backend:
        async with await start_mitmdump(
            home / "confdir",
            modes=["regular"],
            upstream_ca=backend.ca_file,
            scripts=[ADDON],
            options={"codex_hosts": "localhost"},
            mitmdump=environment.mitmdump,
        ) as proxy:
            endpoint = through(proxy, f"https://localhost:{backend.port}{PATH}")
            in_zstd = functools.partial(by_http, pack=zstandard.compress)
            counters = {
                "HTTP": await converse([endpoint], lambda: PACKED, in_zstd, account="a"),
                "WebSocket": await converse([endpoint], IDENTITIES["a session"], by_websocket, account="b"),
            }
            said = proxy.program.text
        assert [turn.header("content-encoding") for turn in backend.received].count("zstd") == len(counters["HTTP"])
        judged(counters, backend.received)
    return said


async def test_the_newest_one_carries_turns_once_it_has_orjson(tmp_path: Path) -> None:
    """`pip install mitmproxy orjson`, with no other zstd library than its own."""
    environment = await by_pip(tmp_path, "mitmproxy", "orjson")
    said = await conversed(environment, tmp_path)

    assert "is on for localhost" in said
    assert "is tested with" not in said
    assert said.count(" contains the private key of a compromised CA ") == 1
    assert not list(tmp_path.glob("environment/lib/*/site-packages/zstandard"))


@pytest.mark.parametrize("install", WAYS)
async def test_without_orjson_the_sentence_has_the_command_that_adds_it(tmp_path: Path, install: Install) -> None:
    environment = await install(tmp_path, "mitmproxy")
    sentence = told(await environment.started())
    await environment.run(command_in(sentence))

    assert sentence.startswith("Codex Continuity needs the package orjson, which this mitmproxy lacks. Add it with: ")
    await conversed(environment, tmp_path)


@pytest.mark.parametrize("install", WAYS)
async def test_an_old_one_is_replaced_by_the_command(tmp_path: Path, install: Install) -> None:
    environment = await install(tmp_path, "mitmproxy==12.1.2")
    sentence = told(await environment.started())
    await environment.run(command_in(sentence))

    assert sentence.startswith(
        "Codex Continuity needs mitmproxy 12.2 or newer, the package orjson and brotli 1.2 or newer; this is mitmproxy "
        f"12.1.2 on Python {NEW_PYTHON}."
    )
    await conversed(environment, tmp_path)


@pytest.mark.skipif(not OLD_PYTHONS, reason="there is no old Python here")
@pytest.mark.parametrize("python", OLD_PYTHONS, ids=lambda python: python.parts[-3])
async def test_an_old_python_gets_an_old_one_and_hears_it(tmp_path: Path, python: Path) -> None:
    environment = await by_pip(tmp_path, "mitmproxy", python=python)

    assert told(await environment.started()).startswith(
        "Codex Continuity needs Python 3.12 or newer, mitmproxy 12.2 or newer, the package orjson and brotli 1.2 or "
        "newer; this is mitmproxy 11.0.2 on Python 3.1"
    )
