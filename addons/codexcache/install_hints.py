"""What this mitmproxy lacks for the addon, and the command that adds it, by the way in which mitmproxy was installed.

The entry file asks before it imports anything else. So both import nothing that could be missing, and are written for
Python 3.8, which cannot parse the other modules: pip gives an older Python an older mitmproxy.
"""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
import sysconfig
from pathlib import Path

ZSTD_MODULES = ("compression.zstd", "backports.zstd", "zstandard")
"""The modules that decode zstd: that of Python 3.14, of mitmproxy 12.3 and of mitmproxy 12.2."""

SUPPORTED = "'mitmproxy>=12.2,<12.3'"
"""The mitmproxy to install. 12.3 works too, but contains a private key (`hooks.config_checks`)."""

_OLDEST_PYTHON, _OLDEST_MITMPROXY = (3, 12), (12, 2)
_ORJSON, _BROTLI = "orjson", "'brotli>=1.2'"
_REDIS = "'redis>=6'"
_OTEL = ("'opentelemetry-exporter-otlp-proto-http>=1.40'", "'opentelemetry-sdk>=1.40'")


def unmet_needs(version: str) -> str | None:
    """Return one message that names all that mitmproxy of this version lacks, None if the addon can run in it."""
    old, missing = _too_old(version), _missing()
    needs = [*old, *missing]
    if not needs:
        return None
    found = f"; this is mitmproxy {version} on Python {'.'.join(map(str, sys.version_info[:3]))}"
    reason = found if old else ", which this mitmproxy lacks"
    packages = (*((SUPPORTED,) if old else ()), *missing.values())
    command = _command(packages, f"{'Install' if old else 'Add'} {'it' if len(needs) == 1 else 'them'} with: ")
    return f"Codex Continuity needs {_listed(needs)}{reason}. {command}"


def how_to_add_otel() -> str:
    """Return the message with the command."""
    return f"codex_otel needs the OpenTelemetry SDK, which this mitmproxy lacks. {_command(_OTEL, 'Add it with: ')}"


def how_to_add_redis() -> str:
    """Return the message with the command."""
    return f"it needs the package redis, which this mitmproxy lacks. {_command((_REDIS,), 'Add it with: ')}"


def _too_old(version: str) -> list[str]:
    """Return what is needed in place of a Python or a mitmproxy that is too old."""
    numbers = tuple(map(int, version.split(".")[:2]))
    mitmproxy = ["mitmproxy 12.2 or newer"] if numbers < _OLDEST_MITMPROXY else []
    return mitmproxy if _is_new_python() else ["Python 3.12 or newer", *mitmproxy]


def _is_new_python() -> bool:
    return sys.version_info[:2] >= _OLDEST_PYTHON


def _missing() -> dict[str, str]:
    """Return the packages that are missing or too old, in words, each with its requirement for pip."""
    missing = {} if _can_import("orjson") else {"the package orjson": _ORJSON}
    if not (_can_import("brotli") and hasattr(sys.modules["brotli"].Decompressor, "can_accept_more_data")):
        missing["brotli 1.2 or newer"] = _BROTLI
    if not any(map(_can_import, ZSTD_MODULES)):
        missing["the package zstandard"] = "zstandard"
    return missing


def _can_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _listed(needs: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(needs[:-1]), needs[-1])))


def _command(packages: tuple[str, ...], lead: str) -> str:
    """Return the command that adds packages, or installs another mitmproxy with them where this one takes none."""
    home, others = Path(sys.prefix), [package for package in packages if package != SUPPORTED]
    if getattr(sys, "frozen", False):
        return f"Standalone binaries take no packages; install one that does: {_uv_tool(others)}"
    if _is_of_the_system():
        return f"This Python is the system's and takes none from pip; install a mitmproxy by: {_uv_tool(others)}"
    if (home / "uv-receipt.toml").exists():
        return lead + _uv_tool(others)
    if "archive-v0" in home.parts:  # where uvx puts what it runs once
        return f"{lead}uvx{_with(others)} --from {SUPPORTED} mitmdump"
    if (home / "pipx_metadata.json").exists():
        return lead + " && ".join(_pipx(home.name, others, replace=SUPPORTED in packages))
    return lead + _pip(packages)


def _is_of_the_system() -> bool:
    """Return True for a Python that the system's own package manager looks after (PEP 668)."""
    marker = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return sys.prefix == sys.base_prefix and marker.exists()


def _uv_tool(others: list[str]) -> str:
    return f"uv tool install{_with(others)} {SUPPORTED}"


def _with(others: list[str]) -> str:
    """Return uv's arguments for a new environment: it has nothing that is not named again."""
    packages = "".join(f" --with {package}" for package in dict.fromkeys((_ORJSON, *others)))
    return packages if _is_new_python() else f" --python '>=3.12'{packages}"


def _pipx(name: str, others: list[str], *, replace: bool) -> list[str]:
    """Return the commands; pipx keeps the Python that it has, and packages that are there unless it is forced."""
    force = " --force" if _BROTLI in others else ""
    inject = [f"pipx inject {name} {' '.join(others)}{force}"] if others else []
    if not _is_new_python():
        return [f"pipx uninstall {name}", f"pipx install --python python3.12 {SUPPORTED}", *inject]
    return [f"pipx install --force {SUPPORTED}", *inject] if replace else inject


def _pip(packages: tuple[str, ...]) -> str:
    """Return the command; an environment that uv has made has no pip in it."""
    names = " ".join(packages)
    if not _is_new_python():
        return f"python3.12 -m venv mitmproxy-venv && mitmproxy-venv/bin/python -m pip install {names}"
    python = shlex.quote(sys.executable)
    has_pip = importlib.util.find_spec("pip") is not None
    return f"{python} -m pip install {names}" if has_pip else f"uv pip install --python {python} {names}"
