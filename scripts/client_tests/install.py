"""Installs the clients, each of one version, below .cache/clients; what is there stays."""

import fcntl
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "clients"
NEW_CODEX, OLD_CODEX = "0.169.0", "0.98.0"
CODEX = ("0.50.0", OLD_CODEX, "0.120.0", "0.130.0", "0.145.0", "0.155.0", NEW_CODEX)
OPENCODE = "1.18.33"
PI = {"0.73.1": "@mariozechner/pi-coding-agent", "0.87.1": "@earendil-works/pi-coding-agent"}
"""The package changed hands between the two."""
NODE = "22.23.3"
"""The newer pi needs it, and the older one speaks WebSocket only on it."""
SDK = "3.52.0"
LIBRARIES = {
    "smolagents": ("smolagents-codex==0.1.1",),
    "litellm": ("litellm==1.110.2",),
    "codex_backend_sdk": ("codex-backend-sdk==0.5.9",),
    "pydantic_ai": ("pydantic-ai-slim==2.68.0", "codex-auth-helper==1.10.1"),
}
"""What is installed for each conversation in `client_tests.libraries`, by the name of its module."""


def needs(program: str, version: str) -> tuple[Path, ...]:
    """Return what a version of a client needs, its program first; of opencode the build that runs on any processor."""
    modules = CACHE / f"{program}-{version}" / "node_modules"
    if program == "opencode":
        return (max(modules.glob("opencode-*/bin/opencode"), default=modules),)
    return (modules / ".bin" / program, *((node(),) if program == "pi" else ()))


def node() -> Path:
    """Return where the Node that runs pi is."""
    return CACHE / f"node-{NODE}" / "node_modules" / NODE_PACKAGE / "bin" / "node"


def sdk() -> Path:
    """Return the folder to import the SDK from; its wheels fit one version of Python."""
    return CACHE / f"openai-{SDK}-{sys.implementation.cache_tag}"


def python_of(library: str) -> Path:
    """Return the Python of the virtual environment that a library is in."""
    folder = "-".join((*LIBRARIES[library], sys.implementation.cache_tag or "")).replace("==", "-")
    return CACHE / folder / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Package:
    """What fills a folder, whose path ends the command; without one that is required there is nothing to test."""

    folder: Path
    command: tuple[str, ...]
    required: bool = False


_MACHINE = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
NODE_PACKAGE = f"node-{sys.platform}-{_MACHINE}"
_NPM = ("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
_PIP = (sys.executable, "-m", "pip", "install", "-qq")
_REQUIRED = (f"codex-{NEW_CODEX}", f"codex-{OLD_CODEX}")
_BY_NPM = {
    **{f"codex-{version}": f"@openai/codex@{version}" for version in CODEX},
    f"opencode-{OPENCODE}": f"opencode-ai@{OPENCODE}",
    **{f"pi-{version}": f"{name}@{version}" for version, name in PI.items()},
    f"node-{NODE}": f"{NODE_PACKAGE}@{NODE}",
}
PACKAGES = [Package(CACHE / name, (*_NPM, package, "--prefix"), name in _REQUIRED) for name, package in _BY_NPM.items()]
PACKAGES.append(Package(sdk(), (*_PIP, f"openai[realtime]=={SDK}", "--target"), required=True))
PACKAGES += [
    Package(python_of(name).parents[1], (sys.executable, "-m", "client_tests.virtual_environment", *requirements))
    for name, requirements in LIBRARIES.items()
]


def main() -> None:
    """Install what is missing, while a second one waits; end the program where what is required cannot be had."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another scripts/test-clients is at work here; waiting for it ...", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(package.folder.exists() for package in PACKAGES):
            print("All official clients are installed, once, below .cache/clients: about 2.7 GB.", flush=True)
        with ThreadPoolExecutor(max_workers=3) as workers:
            done = dict(zip(PACKAGES, workers.map(install_once, PACKAGES), strict=True))
    if missing := [package.folder.name for package in PACKAGES if not done[package]]:
        print(f"Could not be had, the lines above say why: {', '.join(missing)}.")
    if not all(done[package] for package in PACKAGES if package.required):
        sys.exit("Without these the official clients cannot be tested.")


def install_once(package: Package) -> bool:
    """Fill another folder and rename it, so that a folder that is there is whole; return whether it is."""
    folder = package.folder
    if folder.exists():
        return True
    print(f"Installing {folder.name} (once) ...", flush=True)
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    if subprocess.run([*package.command, str(half)], stdout=subprocess.DEVNULL).returncode:
        return False
    half.rename(folder)
    return True


if __name__ == "__main__":
    main()
