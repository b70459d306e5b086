"""A mitmproxy in an environment of its own, made by pip, uv or pipx in a folder, and the addon in it."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from toolkit.process import ADDON, Finished, finished, own_environment

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
OLD_PYTHONS = [*PYENV.glob("versions/3.10.*/bin/python"), *PYENV.glob("versions/3.11.*/bin/python")]
"""Pythons for which pip finds only a mitmproxy that is too old."""

UV = shutil.which("uv")

_PATIENCE = 240.0
"""Seconds that a download may take."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder, and where in it the programs are."""

    folder: Path
    programs: Path

    @property
    def mitmdump(self) -> Path:
        """The program."""
        return self.programs / "mitmdump"

    async def started(self) -> Finished:
        """Start mitmdump with the addon, which has to end by itself."""
        command: list[str | Path] = [self.mitmdump, "-s", ADDON, "--listen-host", "127.0.0.1", "--listen-port", "0"]
        return await finished([*command, "--set", f"confdir={self.folder / 'confdir'}"], environment=self.variables)

    async def run(self, command: str) -> None:
        """Run a command as a user would who was told to."""
        await run("sh", "-c", command, environment=self.variables, folder=self.folder)

    @property
    def variables(self) -> dict[str, str]:
        """What keeps the tools within the folder."""
        own = {"UV_TOOL_DIR": "uv", "UV_TOOL_BIN_DIR": "bin", "PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin"}
        path = os.pathsep.join([str(self.folder / "tools" / "bin"), os.environ["PATH"]])
        return {**own_environment(), **{name: str(self.folder / value) for name, value in own.items()}, "PATH": path}


async def run(*command: str | Path, environment: dict[str, str] | None = None, folder: Path | None = None) -> None:
    """Run a command that has to succeed."""
    ended = await finished(command, environment=environment, folder=folder, within=_PATIENCE)
    assert ended.status == 0, f"{' '.join(map(str, command))}: {ended.out}{ended.errors}"


async def by_pip(folder: Path, *packages: str, python: Path | None = None) -> Environment:
    """Install packages by pip."""
    home = await _virtual(folder / "environment", python, *packages)
    return Environment(folder, home / "bin")


async def by_uv_tool(folder: Path, package: str, python: Path | None = None) -> Environment:
    """Install a package as a tool of uv."""
    environment = Environment(folder, folder / "bin")
    command = ["uv", "tool", "install", "-q", "--python", str(python or sys.executable), package]
    await run(*command, environment=environment.variables)
    return environment


async def by_pipx(folder: Path, package: str, python: Path | None = None) -> Environment:
    """Install a package by a pipx of its own."""
    environment = Environment(folder, folder / "bin")
    await _virtual(folder / "tools", None, "pipx")
    command = ["pipx", "install", "--python", str(python or sys.executable), package]
    await run(*command, environment=environment.variables)
    return environment


async def _virtual(home: Path, python: Path | None, *packages: str) -> Path:
    """Make an environment that has a pip; where uv is here, it is made and filled several times as fast."""
    made_for, own = python or sys.executable, home / "bin" / "python"
    if UV:
        await run("uv", "venv", "-q", "--seed", "--python", made_for, home)
        await run("uv", "pip", "install", "-q", "--python", own, *packages)
    else:
        await run(made_for, "-m", "venv", home)
        await run(own, "-m", "pip", "install", "-qq", *packages)
    return home


def told(ended: Finished) -> str:
    """Return the one sentence that a start ended with."""
    assert ended.status != 0
    found = re.findall(r"Codex Continuity needs .*", ended.out + ended.errors)
    assert len(found) == 1, ended.out + ended.errors
    return str(found[0])


def command_in(sentence: str) -> str:
    """Return the command that a sentence ends with."""
    return sentence.rpartition(" with: ")[2]
