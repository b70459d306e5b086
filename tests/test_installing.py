"""The missing package is said with the one command that adds it."""

import sys
from pathlib import Path

import pytest
from codexcache.installing import how_to_add_orjson


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of this mitmproxy's environment."""
    prefix = tmp_path / "mitmproxy"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    return prefix


def test_a_plain_environment_takes_it_by_pip(home: Path) -> None:
    assert how_to_add_orjson() == (
        "Codex Continuity needs the package orjson, which this mitmproxy lacks. "
        "Add it with: /venv/bin/python -m pip install orjson"
    )


def test_a_tool_of_uv_is_installed_anew_with_it(home: Path) -> None:
    (home / "uv-receipt.toml").touch()

    assert how_to_add_orjson().endswith("Add it with: uv tool install --with orjson 'mitmproxy>=12.2,<12.3'")


def test_a_tool_of_pipx_has_it_injected(home: Path) -> None:
    (home / "pipx_metadata.json").touch()

    assert how_to_add_orjson().endswith("Add it with: pipx inject mitmproxy orjson")


def test_a_standalone_binary_takes_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert "Standalone binaries take no packages" in how_to_add_orjson()
