"""Installs the official clients, each of one version, below .cache/clients; what is there stays."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "clients"
NEW_CODEX = "0.169.0"
"""Speaks WebSocket first, falls back to HTTP."""
OLD_CODEX = "0.98.0"
"""Speaks HTTP only, knows one session header, compacts by an endpoint of its own."""
SDK = "3.52.0"


def codex(version: str) -> Path:
    """Where the command of this version of Codex is."""
    return CACHE / f"codex-{version}" / "node_modules" / ".bin" / "codex"


def sdk() -> Path:
    """The folder to import the SDK from; its wheels fit one version of Python."""
    return CACHE / f"openai-{SDK}-{sys.implementation.cache_tag}"


def main() -> None:
    for version in (NEW_CODEX, OLD_CODEX):
        install_once(CACHE / f"codex-{version}", partial(npm, version))
    install_once(sdk(), pip)


def install_once(folder: Path, command: Callable[[Path], list[str]]) -> None:
    """Fills a folder beside the right one and renames it, so that a folder that is there is whole."""
    if folder.exists():
        return
    print(f"Installing {folder.name} (once) ...", flush=True)
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    if subprocess.run(command(half), stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"{folder.name} could not be installed; the lines above say why.")
    half.rename(folder)


def npm(version: str, folder: Path) -> list[str]:
    quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
    return ["npm", "install", *quiet, "--prefix", str(folder), f"@openai/codex@{version}"]


def pip(folder: Path) -> list[str]:
    return [sys.executable, "-m", "pip", "install", "-qq", "--target", str(folder), f"openai=={SDK}"]


if __name__ == "__main__":
    main()
