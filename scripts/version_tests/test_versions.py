"""Every mitmproxy that people have, installed as they do: it says what it lacks, and with that it carries turns."""

import functools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard
from codex_ways.ways import IDENTITIES, PATH, judged, through
from embedded_backend import Backend
from toolkit.client import by_http, by_websocket
from toolkit.conversation import Identity, converse
from toolkit.process import finished, own_environment, start_mitmdump
from toolkit.program import ADDON

_WITH_UV = os.pathsep.join([str(Path(sys.base_prefix, "bin")), os.environ["PATH"]])
"""With uv as this Python has it, for a version manager's command of that name starts only in some folders."""

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
OLD_PYTHONS = [*PYENV.glob("versions/3.10.*/bin/python"), *PYENV.glob("versions/3.11.*/bin/python")]
"""Pythons for which pip finds only a mitmproxy that is too old."""

_PATIENCE = 240.0  # seconds that a download may take


def _why_no_uv() -> str:
    """Return a sentence on why uv cannot be used in the folders of the tests, empty where it can."""
    try:
        command, where = ["uv", "--version"], tempfile.gettempdir()
        asked = subprocess.run(command, cwd=where, env={**os.environ, "PATH": _WITH_UV}, capture_output=True, text=True)
    except OSError:
        return "uv is not here"
    return f"uv does not start: {asked.stderr.strip().partition('\n')[0]}" if asked.returncode else ""


NO_UV = _why_no_uv()


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder, and where in it the programs are."""

    folder: Path
    programs: str = "bin"

    @property
    def mitmdump(self) -> Path:
        """The program."""
        return self.folder / self.programs / "mitmdump"

    @property
    def variables(self) -> dict[str, str]:
        """What keeps the tools within the folder."""
        own = {"UV_TOOL_DIR": "uv", "UV_TOOL_BIN_DIR": "bin", "PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin"}
        path = os.pathsep.join([str(self.folder / "tools" / "bin"), _WITH_UV])
        named = {name: str(self.folder / value) for name, value in own.items()}
        return {**own_environment(), **named, "PATH": path, "PIPX_DEFAULT_BACKEND": "pip" if NO_UV else "uv"}

    async def run(self, *command: str | Path) -> None:
        """Run a command that has to succeed."""
        ended = await finished(command, environment=self.variables, folder=self.folder, within=_PATIENCE)
        assert ended.status == 0, f"{' '.join(map(str, command))}: {ended.out}{ended.errors}"

    async def make(self, name: str, python: str | Path, *packages: str) -> None:
        """Make a virtual environment that has a pip; where uv is here, it is made and filled several times as fast."""
        make = (python, "-m", "venv") if NO_UV else ("uv", "venv", "-q", "--seed", "--python", python)
        own = self.folder / name / "bin" / "python"
        fill = (own, "-m", "pip", "install", "-qq") if NO_UV else ("uv", "pip", "install", "-q", "--python", own)
        await self.run(*make, name)
        await self.run(*fill, *packages)

    async def told(self) -> str:
        """Start mitmdump with the addon; return the one sentence that it ends with."""
        options = ("--listen-host", "127.0.0.1", "--listen-port", "0", "--set", f"confdir={self.folder / 'confdir'}")
        ended = await finished([self.mitmdump, "-s", ADDON, *options], environment=self.variables)
        assert ended.status != 0
        found = re.findall(r"Codex Continuity needs .*", ended.out + ended.errors)
        assert len(found) == 1, ended.out + ended.errors
        return str(found[0])

    async def obey(self, sentence: str) -> None:
        """Run the command that a sentence ends with, as a user would who was told to."""
        await self.run("sh", "-c", sentence.rpartition(" with: ")[2])


async def by_pip(folder: Path, *packages: str, python: str | Path = sys.executable) -> Environment:
    """Install packages by pip."""
    environment = Environment(folder, "environment/bin")
    await environment.make("environment", python, *packages)
    return environment


async def by_uv_tool(folder: Path, package: str) -> Environment:
    """Install a package as a tool of uv."""
    environment = Environment(folder)
    await environment.run("uv", "tool", "install", "-q", "--python", sys.executable, package)
    return environment


async def by_pipx(folder: Path, package: str) -> Environment:
    """Install a package by a pipx of its own."""
    environment = Environment(folder)
    await environment.make("tools", sys.executable, "pipx")
    await environment.run("pipx", "install", "--python", sys.executable, package)
    return environment


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
    sentence = await environment.told()
    await environment.obey(sentence)

    assert sentence.startswith("Codex Continuity needs the package orjson, which this mitmproxy lacks. Add it with: ")
    await conversed(environment, tmp_path)


@pytest.mark.parametrize("install", WAYS)
async def test_an_old_one_is_replaced_by_the_command(tmp_path: Path, install: Install) -> None:
    environment = await install(tmp_path, "mitmproxy==12.1.2")
    sentence = await environment.told()
    await environment.obey(sentence)

    assert sentence.startswith(
        "Codex Continuity needs mitmproxy 12.2 or newer, the package orjson and brotli 1.2 or newer; this is mitmproxy "
        f"12.1.2 on Python {NEW_PYTHON}."
    )
    await conversed(environment, tmp_path)


@pytest.mark.skipif(not OLD_PYTHONS, reason="there is no old Python here")
@pytest.mark.parametrize("python", OLD_PYTHONS, ids=lambda python: python.parts[-3])
async def test_an_old_python_gets_an_old_one_and_hears_it(tmp_path: Path, python: Path) -> None:
    environment = await by_pip(tmp_path, "mitmproxy", python=python)

    assert (await environment.told()).startswith(
        "Codex Continuity needs Python 3.12 or newer, mitmproxy 12.2 or newer, the package orjson and brotli 1.2 or "
        "newer; this is mitmproxy 11.0.2 on Python 3.1"
    )
