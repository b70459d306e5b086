"""Agents as published whose tools come in another order on each turn, with codex_repair=tool_order and without it.

A proxy of its own between agent and addon shuffles them: what the addon gets is what such an agent would have sent.

oh-my-pi sends the marks of the official client, whose turns are never repaired, with a version of its own.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from toolkit.process import start_mitmdump
from toolkit.program import ADDON

from client_tests import install
from client_tests.clients import Client, OhMyPi, OpenCode
from client_tests.environment import CA_VARIABLES, Entry, Environment, unaided
from client_tests.login import codex_login, write_private

_SHUFFLER = Path(__file__).with_name("shuffling_addon.py")
SAID = ("Hello to you.", "And another thing.", "Tell me a little more.", "That is all for now.")


@asynccontextmanager
async def shuffled(folder: Path, codex_repair: str) -> AsyncIterator[Environment]:
    """Run a backend, before it a proxy with the addon, and before that one which shuffles tools."""
    async with unaided(folder, CA_VARIABLES) as bare:
        behind = await start_mitmdump(
            folder / "with-addon",
            modes=[f"upstream:{bare.variables['HTTPS_PROXY']}"],
            upstream_ca=Path(bare.variables["SSL_CERT_FILE"]),
            scripts=[ADDON],
            options={"codex_journal": folder / "journal.jsonl", "codex_repair": codex_repair},
        )
        async with behind:
            shuffling = await start_mitmdump(
                folder / "shuffling",
                modes=[f"upstream:{behind.url}"],
                upstream_ca=behind.ca_file,
                scripts=[_SHUFFLER],
            )
            async with shuffling:
                old = {
                    bare.variables["HTTPS_PROXY"]: shuffling.url,
                    bare.variables["SSL_CERT_FILE"]: str(shuffling.ca_file),
                }
                variables = {name: old.get(value, value) for name, value in bare.variables.items()}
                yield replace(bare, variables=variables)
            assert "fault" not in behind.program.text, behind.program.text


async def by_client(client: Client) -> None:
    """Have a conversation of several processes, each of which resumes it."""
    conversation = ""
    for words in SAID:
        conversation = (await client.run(words, conversation)).conversation


async def by_pydantic_ai(environment: Environment) -> None:
    """Have the same by a library, in one process."""
    write_private(environment.folder / ".codex/auth.json", codex_login())
    module = "client_tests.libraries.pydantic_ai_tools"
    path = str(Path(__file__).resolve().parents[1])
    await environment.output([str(install.python_of("pydantic_ai")), "-m", module, *SAID], PYTHONPATH=path)


async def by_oh_my_pi(environment: Environment) -> None:
    """Have the same by oh-my-pi."""
    await by_client(OhMyPi(install.OH_MY_PI, environment))


AGENTS: dict[str, Callable[[Environment], Awaitable[None]]] = {
    "opencode": lambda environment: by_client(OpenCode(install.OPENCODE, environment)),
    "oh-my-pi": by_oh_my_pi,
    "pydantic-ai": by_pydantic_ai,
}
MARKS = {"opencode": pytest.mark.node, "oh-my-pi": pytest.mark.node, "pydantic-ai": pytest.mark.python}
"""The groups that they are installed with."""


@dataclass(frozen=True)
class Recording:
    """The later turns of an agent's conversation, as the journal has them, and the tools that the backend got."""

    entries: list[Entry]
    tools: list[list[str]]


async def converse(agent: str, folder: Path, codex_repair: str) -> Recording:
    """Record a conversation."""
    async with shuffled(folder, codex_repair) as environment:
        await AGENTS[agent](environment)
        journal, bodies = environment.journal, [each.json for each in environment.received if each.kind != "handshake"]
    most, _ = Counter(entry["conversation"] for entry in journal).most_common(1)[0]
    entries = [entry for entry in journal if entry["conversation"] == most and not entry.get("warm_up")]
    return Recording(entries, [[str(_name(tool)) for tool in body["tools"]] for body in bodies if _tools(body)])


def _tools(body: dict[str, Any]) -> bool:
    return len(body.get("tools") or ()) > 1


def _name(tool: dict[str, Any]) -> object:
    return tool.get("name") or tool["type"]


@pytest.fixture(scope="module", params=[pytest.param(name, marks=mark) for name, mark in MARKS.items()])
def recordings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Recording]:
    """Return the conversation of an agent without repair, and with it."""
    folders = [tmp_path_factory.mktemp(name) for name in ("without", "with")]
    pairs = zip(folders, ("", "tool_order"), strict=True)
    without, repaired = (asyncio.run(converse(request.param, *pair)) for pair in pairs)
    return without, repaired


def test_each_turn_misses_by_its_tools_without_repair(recordings: tuple[Recording, Recording]) -> None:
    without, _ = recordings

    assert {entry["verdict"] for entry in without.entries[1:]} == {"tools_changed"}
    assert all("codex_repair=tool_order would have prevented it" in entry["because"] for entry in without.entries[1:])


def test_each_turn_is_a_hit_with_it(recordings: tuple[Recording, Recording]) -> None:
    _, repaired = recordings

    assert len(repaired.entries) >= len(SAID)
    assert [entry["verdict"] for entry in repaired.entries[1:]] == ["hit"] * (len(repaired.entries) - 1)
    assert all(entry["repaired"] == ["tool_order"] for entry in repaired.entries[1:])


def test_the_backend_gets_the_tools_in_one_order(recordings: tuple[Recording, Recording]) -> None:
    without, repaired = recordings

    assert len({*map(tuple, without.tools)}) > 1
    assert len({*map(tuple, repaired.tools)}) == 1
