"""What this mitmproxy lacks is said in one sentence, with the command that adds it."""

import ast
import os
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from codexcache.install_hints import ZSTD_MODULES, how_to_add_otel, unmet_needs

ROOT = Path(__file__).parents[1]
ENTRY = ROOT / "addons" / "codex_continuity.py"
READ_BY_ANY_PYTHON = (ENTRY, ROOT / "addons/codexcache/__init__.py", ROOT / "addons/codexcache/install_hints.py")

NEW = "12.2.3"
SUPPORTED = "'mitmproxy>=12.2,<12.3'"

type Lacks = Callable[[str], None]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of this mitmproxy's environment, in which there is a pip."""
    prefix = tmp_path / "mitmproxy"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    return prefix


@pytest.fixture
def lacks(monkeypatch: pytest.MonkeyPatch) -> Lacks:
    """Take a module away."""
    return lambda module: monkeypatch.setitem(sys.modules, module, None)


@pytest.fixture
def old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 11, 7, "final", 0))


def test_a_mitmproxy_that_has_everything_lacks_nothing() -> None:
    assert [unmet_needs(version) for version in ("12.2.0", "12.3.1", "12.10", "13.0.0.dev")] == [None] * 4


@pytest.mark.parametrize(
    ("file", "command"),
    [
        pytest.param("", "/venv/bin/python -m pip install orjson", id="a plain environment"),
        pytest.param("uv-receipt.toml", f"uv tool install --with orjson {SUPPORTED}", id="a tool of uv"),
        pytest.param("pipx_metadata.json", "pipx inject mitmproxy orjson", id="a tool of pipx"),
    ],
)
def test_a_package_is_added_as_mitmproxy_was_installed(home: Path, lacks: Lacks, file: str, command: str) -> None:
    if file:
        (home / file).touch()
    lacks("orjson")

    assert unmet_needs(NEW) == (
        f"Codex Continuity needs the package orjson, which this mitmproxy lacks. Add it with: {command}"
    )


def test_an_environment_without_pip_takes_it_by_uv(home: Path, lacks: Lacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """As uv makes them."""
    lacks("orjson")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert (unmet_needs(NEW) or "").endswith("Add it with: uv pip install --python /venv/bin/python orjson")


def test_what_uvx_runs_is_run_again_with_it(lacks: Lacks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/cache/uv/archive-v0/x")
    lacks("orjson")

    assert (unmet_needs(NEW) or "").endswith(f"Add it with: uvx --with orjson --from {SUPPORTED} mitmdump")


def test_a_standalone_binary_takes_none(home: Path, lacks: Lacks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    lacks("orjson")

    assert (unmet_needs(NEW) or "").endswith(
        f"Standalone binaries take no packages; install one that does: uv tool install --with orjson {SUPPORTED}"
    )


def test_a_python_of_the_system_takes_none_from_pip(home: Path, lacks: Lacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """PEP 668 has its file say so."""
    (home / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sys, "base_prefix", str(home))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(home))
    lacks("orjson")

    assert (unmet_needs(NEW) or "").endswith(f": uv tool install --with orjson {SUPPORTED}")


@pytest.mark.parametrize("old", ["9.0.1", "11.1.3", "12.0.0", "12.1.2"])
def test_an_old_mitmproxy_is_replaced(home: Path, old: str) -> None:
    python = ".".join(map(str, sys.version_info[:3]))

    assert unmet_needs(old) == (
        f"Codex Continuity needs mitmproxy 12.2 or newer; this is mitmproxy {old} on Python {python}. "
        f"Install it with: /venv/bin/python -m pip install {SUPPORTED}"
    )


@pytest.mark.parametrize(
    ("file", "command"),
    [
        (
            "",
            "python3.12 -m venv mitmproxy-venv && mitmproxy-venv/bin/python -m pip install "
            f"{SUPPORTED} orjson 'brotli>=1.2'",
        ),
        ("uv-receipt.toml", f"uv tool install --python '>=3.12' --with orjson --with 'brotli>=1.2' {SUPPORTED}"),
        (
            "pipx_metadata.json",
            f"pipx uninstall mitmproxy && pipx install --python python3.12 {SUPPORTED} && "
            "pipx inject mitmproxy orjson 'brotli>=1.2' --force",
        ),
    ],
)
@pytest.mark.usefixtures("old_python")
def test_all_that_an_old_python_lacks_is_named_at_once(
    home: Path, lacks: Lacks, monkeypatch: pytest.MonkeyPatch, file: str, command: str
) -> None:
    """It gets an old mitmproxy from pip, and with it an old brotli."""
    if file:
        (home / file).touch()
    lacks("orjson")
    monkeypatch.setattr(brotli, "Decompressor", object)

    assert unmet_needs("11.0.2") == (
        "Codex Continuity needs Python 3.12 or newer, mitmproxy 12.2 or newer, the package orjson and brotli 1.2 or "
        f"newer; this is mitmproxy 11.0.2 on Python 3.11.7. Install them with: {command}"
    )


def test_a_tool_of_pipx_that_is_old_is_replaced_and_injected(home: Path, lacks: Lacks) -> None:
    (home / "pipx_metadata.json").touch()
    assert (unmet_needs("12.1.2") or "").endswith(f"Install it with: pipx install --force {SUPPORTED}")

    lacks("orjson")
    assert (unmet_needs("12.1.2") or "").endswith(
        f"Install them with: pipx install --force {SUPPORTED} && pipx inject mitmproxy orjson"
    )


def test_a_brotli_that_is_missing_or_old_is_replaced(home: Path, lacks: Lacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only newer ones can be told how much to hand out at a time."""
    monkeypatch.setattr(brotli, "Decompressor", object)
    old = unmet_needs(NEW)
    lacks("brotli")

    assert old == unmet_needs(NEW)
    assert old == (
        "Codex Continuity needs brotli 1.2 or newer, which this mitmproxy lacks. "
        "Add it with: /venv/bin/python -m pip install 'brotli>=1.2'"
    )


def test_where_nothing_decodes_zstd_a_library_is_added(home: Path, lacks: Lacks) -> None:
    for module in ZSTD_MODULES:
        lacks(module)

    assert (unmet_needs(NEW) or "").startswith("Codex Continuity needs the package zstandard, which this")


def test_the_packages_for_telemetry_are_those_of_the_extra(home: Path) -> None:
    """With the versions that it asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = project["optional-dependencies"]["otel"]

    sentence, _, command = how_to_add_otel().partition(" Add it with: ")
    assert sentence == "codex_otel needs the OpenTelemetry SDK, which this mitmproxy lacks."
    assert command == f"/venv/bin/python -m pip install {' '.join(repr(package) for package in packages)}"


def test_a_tool_of_uv_keeps_what_it_has(home: Path) -> None:
    """Installing it again forgets what is not named again."""
    (home / "uv-receipt.toml").touch()

    assert "uv tool install --with orjson --with 'opentelemetry-" in how_to_add_otel()
    assert how_to_add_otel().endswith(f" {SUPPORTED}")


# Any Python has to be able to say what it lacks.


@pytest.mark.parametrize("file", READ_BY_ANY_PYTHON, ids=lambda file: file.name)
def test_what_says_it_can_be_parsed_by_python_3_8(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 8))


PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
OLD_PYTHONS = sorted(
    found for minor in ("8", "9", "10", "11") for found in PYENV.glob(f"versions/3.{minor}.*/bin/python")
)
AS_MITMPROXY_11 = """
import sys, types
sys.modules["mitmproxy"] = mitmproxy = types.ModuleType("mitmproxy")
mitmproxy.version = types.SimpleNamespace(VERSION="11.0.2")
sys.path.insert(0, sys.argv[1].rpartition("/")[0])
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"))
"""


@pytest.mark.skipif(not OLD_PYTHONS, reason="there is no old Python here")
@pytest.mark.parametrize("python", OLD_PYTHONS, ids=lambda python: python.parts[-3])
def test_an_old_python_says_what_it_lacks(python: Path) -> None:
    """In one line, without a traceback."""
    command: list[str | Path] = [python, "-B", "-c", AS_MITMPROXY_11, ENTRY]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.stderr.startswith("Codex Continuity needs Python 3.12 or newer, mitmproxy 12.2 or newer")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (0, 1)
