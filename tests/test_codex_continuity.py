"""The script as users start it: in `mitmdump`, `mitmweb` and `mitmproxy` themselves."""

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest
from codexcache.addon import CodexContinuity
from mitmproxy import version
from mitmproxy.test import taddons
from support.client import Connection
from support.programs import ADDON, Program, started
from support.settings import DEFAULTS
from support.upstream import Upstream, responding, running_upstream, whole
from support.wire import RESPONSES, bearer, body

QUIET = {"mitmdump": (), "mitmproxy": (), "mitmweb": ("--set", "web_open_browser=false", "--set", "web_port=0")}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A backend without TLS, which a reverse proxy in another process can reach."""
    async with running_upstream(None, responding(whole())) as served:
        yield served


@pytest.fixture
def kept_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The script imports its modules afresh; the other tests keep theirs."""
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "codexcache"}
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "codexcache"]:
        del sys.modules[name]
    sys.modules.update(kept)


async def key_through(program: Program, upstream: Upstream) -> str:
    """Send a turn through a program and return the key with which it arrived."""
    await program.listens()
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    await Connection(reader, writer, "localhost").post("/v1/responses", [bearer()], body())
    writer.close()
    assert upstream.last.target == RESPONSES
    return str(orjson.loads(upstream.last.body)["prompt_cache_key"])


def reverse(upstream: Upstream) -> str:
    return f"reverse:http://127.0.0.1:{upstream.port}"


ON_LOOPBACK = ("--set", "codex_hosts=127.0.0.1")


@pytest.mark.parametrize("program", QUIET)
async def test_each_program_starts_and_gives_turns_their_key(program: str, upstream: Upstream, confdir: Path) -> None:
    """It stays up, and ends when it is told to."""
    arguments = *QUIET[program], *ON_LOOPBACK
    async with started(program, *arguments, confdir=confdir, mode=reverse(upstream)) as running:
        assert await key_through(running, upstream) == upstream.last.values("session-id")[0]
        assert running.process.returncode is None
        assert "Traceback" not in running.text
        assert "rror" not in running.text


async def test_the_script_can_be_started_from_its_own_folder(confdir: Path) -> None:
    """A path without a folder."""
    script = Path(ADDON.name)
    async with started("mitmdump", confdir=confdir, script=script, folder=ADDON.parent) as running:
        await running.shows("is on for chatgpt.com (codex_mode fill).")

    assert "rror" not in running.text


BAD = {
    "codex_mode": ("fil", "fill, pin, observe"),
    "codex_strip": (
        "input",
        "only members that a turn can do without. input is not one: it is what the model answers.",
    ),
    "codex_body_limit": ("64 MB", "500k, 64m or 1g"),
    "codex_redact": ("", "on or off"),  # as mitmproxy's own switches are written; the script would be dropped
}


@pytest.mark.parametrize("option", BAD)
async def test_a_bad_value_stops_the_start_with_a_sentence(option: str, confdir: Path) -> None:
    """It names the option, the value, and what there is to choose from."""
    value, wanted = BAD[option]
    setting, said = (f"{option}={value}", f"is {value!r}") if value else (option, "has no value")
    async with started("mitmdump", "--set", setting, confdir=confdir) as running:
        assert await running.ended() != 0

    assert f"{option} {said}, but it takes " in running.text
    assert wanted in running.text.replace("\n", " ")
    assert "Traceback" not in running.text


async def test_an_option_that_does_not_exist_is_pointed_out(confdir: Path) -> None:
    """With the one that was probably meant; the proxy works."""
    async with started("mitmdump", "--set", "codex_journl=x", "--set", "codexish=1", confdir=confdir) as running:
        await running.shows("There is no option 'codex_journl', so it does nothing. Did you mean codex_journal?")
        await running.shows("There is no option 'codexish', so it does nothing. ")
        await running.shows("is on for chatgpt.com (codex_mode fill).")
        assert running.process.returncode is None


async def test_a_misspelled_option_that_decides_what_is_sent_stops_the_start(confdir: Path) -> None:
    """Or turns would be edited that were not to be."""
    async with started("mitmdump", "--set", "codex_mod=observe", confdir=confdir) as running:
        assert await running.ended() != 0

    assert "There is no option codex_mod. Did you mean codex_mode, which decides what is sent?" in running.text


@pytest.mark.parametrize("program", ["mitmdump", "mitmproxy"])
async def test_without_orjson_the_command_that_adds_it_is_shown(program: str, confdir: Path, tmp_path: Path) -> None:
    """And the program ends, instead of running without the addon."""
    (tmp_path / "orjson.py").write_text("raise ModuleNotFoundError(\"No module named 'orjson'\", name='orjson')\n")
    async with started(program, confdir=confdir, environment={"PYTHONPATH": str(tmp_path)}) as running:
        assert await running.ended() != 0

    shown = running.text.replace("\n", "")
    assert shown.count("Codex Continuity needs the package orjson, which this mitmproxy lacks. Add it with: ") == 1
    assert re.search(r"/bin/python[0-9.]* -m pip install orjson", shown)
    assert "Traceback" not in shown


async def test_the_script_without_its_package_says_what_it_needs(confdir: Path, tmp_path: Path) -> None:
    script = Path(shutil.copy(ADDON, tmp_path))
    async with started("mitmdump", confdir=confdir, script=script) as running:
        assert await running.ended() != 0

    assert f"{script} needs the folder codexcache next to it: copy the two together." in running.text
    assert "Traceback" not in running.text


async def test_touching_the_script_loads_everything_again(confdir: Path, tmp_path: Path) -> None:
    """mitmproxy watches this file alone; an edit of another module is taken in with it."""
    folder = Path(shutil.copytree(ADDON.parent, tmp_path / "addons"))
    module = folder / "codexcache" / "__init__.py"
    async with started("mitmdump", "--set", "codex_mode=pin", confdir=confdir, script=folder / ADDON.name) as running:
        await running.shows("is on for chatgpt.com (codex_mode pin).")
        module.write_text(module.read_text().replace("__version__ = ", "__version__ = 'new' or "))
        (folder / ADDON.name).touch()
        await running.shows("Codex Continuity new is on for chatgpt.com (codex_mode pin).")

    assert "rror" not in running.text


@pytest.mark.usefixtures("kept_modules")
def test_the_script_declares_its_options() -> None:
    """With a default and a help text for each; `done` undoes what `load` did."""
    with taddons.context() as context:
        script = context.script(str(ADDON))
        assert {name: getattr(context.options, name) for name in DEFAULTS} == DEFAULTS
        context.master.addons.remove(script)


@pytest.mark.usefixtures("kept_modules")
def test_an_import_that_fails_for_another_reason_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """And mitmproxy shows it."""
    monkeypatch.setitem(sys.modules, "wsproto.events", None)
    with taddons.context() as context, pytest.raises(ModuleNotFoundError, match="wsproto"):
        load(context)


@pytest.mark.usefixtures("kept_modules")
def test_a_mitmproxy_that_does_not_hear_what_is_logged_hears_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to version 8, which Linux distributions still have."""
    monkeypatch.setattr(version, "VERSION", "8.1.1")
    with taddons.context() as context, pytest.raises(RuntimeError, match="needs mitmproxy"):
        load(context)


def load(context: taddons.context) -> None:
    code = compile(ADDON.read_text(), str(ADDON), "exec")
    exec(code, {"__name__": "codex_continuity"})


def test_mitmproxy_finds_all_hooks_and_commands_on_one_object() -> None:
    addon = CodexContinuity()
    hooks = ("request", "responseheaders", "response", "error", "websocket_message", "tls_clienthello", "configure")
    commands = {f"codex.{name}" for name in ("why", "diff", "turns", "status", "export", "report")}

    assert [name for name in hooks if not callable(getattr(addon, name, None))] == []
    assert not hasattr(addon, "addons")
    with taddons.context(addon) as context:
        assert commands <= set(context.master.commands.commands)
