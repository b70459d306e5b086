"""Installs the clients, each of one version, in a folder of its own below .cache/clients; what is there stays.

`python -m client_tests.install [GROUP ...]` installs the clients of these groups, or of all. A client that cannot be
installed is no error: the tests that need it are skipped, and say so.
"""

import fcntl
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pytest

Group = Literal["codex", "node", "python"]
"""The official client; agents that npm installs; the official SDK, and libraries for Python."""

GROUPS: tuple[Group, ...] = get_args(Group)

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "clients"
NEW_CODEX, OLD_CODEX = "0.171.0", "0.98.0"
CODEX = ("0.50.0", OLD_CODEX, "0.120.0", "0.130.0", "0.145.0", "0.155.0", NEW_CODEX)
"""One of each generation: what is sent and by which headers changed between any two neighbours."""
OPENCODE = "1.18.33"
NEW_PI = "1.6.0"
PI = {
    "0.73.1": "@mariozechner/pi-coding-agent",
    "0.87.1": "@earendil-works/pi-coding-agent",
    NEW_PI: "@earendil-works/pi-coding-agent",
}
"""The package changed hands between the first two."""
NODE = "22.23.3"
"""The newer pi needs it, and the oldest speaks WebSocket only on it."""
OH_MY_PI, BUN = "18.2.3", "1.4.4"
CLINE = "3.0.65"
SDK = "3.52.0"
LIBRARIES = {
    "smolagents": ("smolagents-codex==0.1.1",),
    "litellm": ("litellm==1.110.2",),
    "codex_backend_sdk": ("codex-backend-sdk==0.5.9",),
    "pydantic_ai": ("pydantic-ai-slim==2.68.0", "codex-auth-helper==1.10.1"),
    "llm": ("llm==0.36", "llm-openai-codex==0.10.1"),
    "langchain": ("langchain-codex-plus==0.0.12",),
}
"""What is installed for each conversation in `client_tests.libraries`, by the name of its module."""


def codex(version: str) -> Path:
    """Return the program of Codex of a version, one of `CODEX`; the test that asks is skipped where it is missing."""
    return program_of("codex", version)


def program_of(client: str, version: str) -> Path:
    """Return the program of a client, once all that it needs is there; else the test that asks is skipped."""
    files = _needs(client, version)
    return [_present(file, f"{client} {version}") for file in reversed(files)][-1]


def node() -> Path:
    """Return where the Node that runs pi is."""
    return _modules("node", NODE) / _NODE_PACKAGE / "bin" / "node"


def bun() -> Path:
    """Return where the Bun that runs oh-my-pi is."""
    return _modules("bun", BUN) / _BUN_PACKAGE / "bin" / "bun"


def sdk() -> Path:
    """Return the folder to import the SDK from; the test that asks is skipped where it is missing."""
    return _present(_sdk(), f"openai {SDK}")


def python_of(library: str) -> Path:
    """Return the Python that a library is installed for; the test that asks is skipped where it is missing."""
    return _present(_environment(library) / "bin" / "python", library)


def _present(file: Path, name: str) -> Path:
    if not file.exists():
        pytest.skip(f"{name} is not installed: its installation, at the start of scripts/test-clients, failed")
    return file


def _sdk() -> Path:
    return CACHE / f"openai-{SDK}-{sys.implementation.cache_tag}"  # wheels fit one version of Python


def _environment(library: str) -> Path:
    return CACHE / "-".join((*LIBRARIES[library], sys.implementation.cache_tag or "")).replace("==", "-")


def _modules(program: str, version: str) -> Path:
    return CACHE / f"{program}-{version}" / "node_modules"


def _needs(program: str, version: str) -> tuple[Path, ...]:
    modules = _modules(program, version)
    match program:
        case "opencode":  # it has several builds: the one for any processor
            return (max(modules.glob("opencode-*/bin/opencode"), default=modules / "opencode"),)
        case "cline":
            return (modules / _CLINE_PACKAGE / "bin" / "cline",)
        case "pi":
            return (modules / ".bin" / "pi", node())
        case "omp":
            return (modules / ".bin" / "omp", bun())
    return (modules / ".bin" / program,)


@dataclass(frozen=True, slots=True)
class Package:
    """What fills a folder, whose path ends the command."""

    group: Group
    folder: Path
    command: tuple[str, ...]


_MACHINE = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
_PLATFORM = f"{sys.platform}-{_MACHINE}"
_NODE_PACKAGE = f"node-{_PLATFORM}"
_BUN_PACKAGE = f"@oven/bun-{_PLATFORM.replace('arm64', 'aarch64')}"
_CLINE_PACKAGE = f"@cline/cli-{_PLATFORM}"
_NPM = ("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
_PIP = (sys.executable, "-m", "pip", "install", "-qq")
# oh-my-pi's optional packages, 800 MB, are models that nothing here asks for; but one of them it cannot do without.
_LEAN = ("--omit=optional", f"@oh-my-pi/pi-natives-{_PLATFORM}@{OH_MY_PI}")
_BY_NPM: dict[str, tuple[str, ...]] = {
    **{f"codex-{version}": (f"@openai/codex@{version}",) for version in CODEX},
    f"opencode-{OPENCODE}": (f"opencode-ai@{OPENCODE}",),
    **{f"pi-{version}": (f"{name}@{version}",) for version, name in PI.items()},
    f"node-{NODE}": (f"{_NODE_PACKAGE}@{NODE}",),
    f"omp-{OH_MY_PI}": (f"@oh-my-pi/pi-coding-agent@{OH_MY_PI}", *_LEAN),
    f"bun-{BUN}": (f"{_BUN_PACKAGE}@{BUN}",),
    f"cline-{CLINE}": (f"{_CLINE_PACKAGE}@{CLINE}",),
}
PACKAGES = [
    Package("codex" if name.startswith("codex-") else "node", CACHE / name, (*_NPM, *packages, "--prefix"))
    for name, packages in _BY_NPM.items()
]
PACKAGES.append(Package("python", _sdk(), (*_PIP, f"openai[realtime]=={SDK}", "--target")))
PACKAGES += [
    Package(
        "python",
        _environment(name),
        (sys.executable, "-m", "client_tests.virtual_environment", *requirements),
    )
    for name, requirements in LIBRARIES.items()
]


def main(*groups: str) -> None:
    """Install what is missing of some groups, all by default, while a second one waits; say what failed."""
    packages = [package for package in PACKAGES if not groups or package.group in groups]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another scripts/test-clients is at work here; waiting for it ...", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        with ThreadPoolExecutor(max_workers=3) as workers:
            done = dict(zip(packages, workers.map(install_once, packages), strict=True))
    if failed := [package.folder.name for package in packages if not done[package]]:
        print(f"Not installed, for the reasons above, so their tests are skipped: {', '.join(failed)}.", flush=True)


def install_once(package: Package) -> bool:
    """Fill another folder and rename it, so that a folder that is there is whole; return whether it is."""
    folder = package.folder
    if folder.exists():
        return True
    print(f"Installing {folder.name} (once) ...", flush=True)
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    # npm is found as the shell would find it, and where it is missing, that is a failure like any other.
    try:
        status = subprocess.run([*package.command, str(half)], stdout=subprocess.DEVNULL).returncode
    except FileNotFoundError as error:
        print(f"{folder.name}: {error.filename} is not on this machine.", file=sys.stderr, flush=True)
        return False
    if status == 0:
        half.rename(folder)
    return status == 0


if __name__ == "__main__":
    main(*sys.argv[1:])
