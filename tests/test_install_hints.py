"""The missing package is said with the one command that adds it."""

import sys
import tomllib
from pathlib import Path

import pytest
from codexcache.install_hints import how_to_add_orjson, how_to_add_otel, why_not


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of this mitmproxy's environment."""
    prefix = tmp_path / "mitmproxy"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    return prefix


@pytest.mark.parametrize(
    ("receipt", "command"),
    [
        pytest.param("", "/venv/bin/python -m pip install orjson", id="a plain environment"),
        pytest.param("uv-receipt.toml", "uv tool install --with orjson 'mitmproxy>=12.2,<12.3'", id="a tool of uv"),
        pytest.param("pipx_metadata.json", "pipx inject mitmproxy orjson", id="a tool of pipx"),
    ],
)
def test_each_environment_has_its_command(home: Path, receipt: str, command: str) -> None:
    (home / (receipt or "pyvenv.cfg")).touch()

    assert how_to_add_orjson() == (
        f"Codex Continuity needs the package orjson, which this mitmproxy lacks. Add it with: {command}"
    )
    missing = ModuleNotFoundError("No module named 'orjson'", name="orjson")
    assert why_not(missing, "13.0.0.dev") == how_to_add_orjson()


def test_a_standalone_binary_takes_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert "Standalone binaries take no packages" in how_to_add_orjson()


def test_the_packages_for_telemetry_are_those_of_the_extra(home: Path) -> None:
    """With the versions that it asks for."""
    project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
    packages = project["optional-dependencies"]["otel"]

    sentence, _, command = how_to_add_otel().partition(" Add it with: ")
    assert sentence == "codex_otel needs the OpenTelemetry SDK, which this mitmproxy lacks."
    assert command == f"/venv/bin/python -m pip install {' '.join(repr(package) for package in packages)}"


def test_a_tool_of_uv_keeps_what_it_has(home: Path) -> None:
    """Installing it again forgets what is not named again."""
    (home / "uv-receipt.toml").touch()

    assert "uv tool install --with orjson --with 'opentelemetry-" in how_to_add_otel()
    assert how_to_add_otel().endswith(" 'mitmproxy>=12.2,<12.3'")


@pytest.mark.parametrize("old", ["9.0.1", "11.1.3", "12.1.2"])
def test_what_an_old_mitmproxy_lacks_is_no_fault_of_the_addon(old: str) -> None:
    """But an error of its own has no excuse."""
    assert why_not(AttributeError("Contentview"), old) == (
        f"Codex Continuity needs mitmproxy 12.2; this is {old}. Install 'mitmproxy>=12.2,<12.3'."
    )
    assert why_not(ModuleNotFoundError("No module named 'brotli'", name="brotli"), "12.2.3") is None
    assert why_not(AttributeError("x"), "12.10") is None
