"""Public libraries that speak to the backend, as published: what their turns read from the cache, without and with."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from toolkit.process import SCRIPTS

from client_tests import install
from client_tests.environment import Environment, running, unaided
from client_tests.login import A_DAY, assert_nothing_private, codex_login, write_private
from client_tests.messages import KEY, identity

pytestmark = pytest.mark.python

SAID = ("Hello to you.", "Go on.", "And on.", "A little more.", "That is all.")
MUCH = 2500
"""Tokens: most of what each turn of these conversations repeats."""

NAMES_AN_IMITATOR = "sends the official client's headers, but"
VARIABLES = {"PYTHONPATH": str(SCRIPTS), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
"""The second keeps litellm from asking for a newer list of prices."""


def tokens() -> dict[str, object]:
    """Return a login as libraries with a file of their own keep it."""
    return {**codex_login()["tokens"], "expires_at": int(time.time()) + A_DAY}


def login_with_a_key() -> dict[str, object]:
    """Return Codex's login with what codex-backend-sdk would else fetch."""
    return codex_login() | {"OPENAI_API_KEY": "made-up"}


def login_with_its_kind() -> dict[str, object]:
    """Return Codex's login with what llm-openai-codex looks for."""
    return codex_login() | {"auth_mode": "chatgpt"}


@dataclass(frozen=True, slots=True)
class Library:
    """A conversation by a library: its login by the file of the home folder, and the verdicts before the first hit.

    `hears` is the variable by which it is told a CA. One that is `keyed` reads as much without the addon.
    """

    script: str
    login_file: str
    login: Callable[[], Mapping[str, object]]
    misses: tuple[str, ...] = ("cold",)
    hears: str = "SSL_CERT_FILE"
    keyed: bool = False

    def __str__(self) -> str:
        return ", ".join(install.LIBRARIES[self.script]).replace("==", " ")


LIBRARIES = (
    # An imitator of the official client is recognized by its third turn, which keeps the key of the second.
    Library("smolagents", ".smolagents-codex/credentials.json", tokens, ("cold", "prompt_cache_key_changed")),
    Library("litellm", ".config/litellm/chatgpt/auth.json", tokens),
    Library("codex_backend_sdk", ".codex/auth.json", login_with_a_key, hears="REQUESTS_CA_BUNDLE"),
    Library("pydantic_ai", ".codex/auth.json", codex_login),
    Library("llm", ".codex/auth.json", login_with_its_kind, keyed=True),
    Library("langchain", ".codex/auth.json", codex_login),
)


@dataclass(frozen=True)
class Recording:
    """One conversation without the addon and one with it: the cached tokens of each turn, and what was around."""

    library: Library
    without: list[int]
    cached: list[int]
    environment: Environment


@pytest.fixture(scope="module", params=LIBRARIES, ids=str)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    library: Library = request.param
    return asyncio.run(converse_twice(library, tmp_path_factory.mktemp("without"), tmp_path_factory.mktemp("with")))


async def converse_twice(library: Library, folder: Path, folder_with: Path) -> Recording:
    hears = (library.hears,)
    async with unaided(folder, hears) as environment:
        without = await converse(library, environment)
    async with running(folder_with, ca_variables=hears) as environment:
        cached = await converse(library, environment)
    return Recording(library, without, cached, environment)


async def converse(library: Library, environment: Environment) -> list[int]:
    write_private(environment.folder / library.login_file, library.login())
    command = [str(install.python_of(library.script)), "-m", f"client_tests.libraries.{library.script}", *SAID]
    return [int(line) for line in (await environment.output(command, **VARIABLES)).splitlines()]


def test_a_conversation_has_one_key(recording: Recording) -> None:
    """It leaves in the body and in the header that routes; what an imitator sends before it is recognized is left."""
    first = len(recording.library.misses) - 1
    sent, received = zip(*recording.environment.turns, strict=True)
    places = {identity(turn)[:2] for turn in received[first:]}
    key = received[-1].json[KEY]

    assert places == {(key, key)}
    assert [(turn.headers, turn.body) for turn in sent[:first]] == [
        (turn.headers, turn.body) for turn in received[:first]
    ]


def test_reads_from_the_cache(recording: Recording, record_property: Callable[[str, object], None]) -> None:
    """Every turn reads most of its prompt once the key is known, which without the addon few do or all."""
    turns = (" / ".join(f"{tokens:,}" for tokens in each) for each in (recording.without, recording.cached))
    record_property("cached tokens", (str(recording.library), *turns))

    assert min(recording.cached[len(recording.library.misses) :]) > MUCH
    if recording.library.keyed:
        assert recording.cached == recording.without
    else:
        assert sum(recording.cached) > sum(recording.without) + 2 * MUCH


def test_journal(recording: Recording) -> None:
    """Each turn is explained, as one conversation."""
    entries, misses = recording.environment.journal, recording.library.misses

    assert [entry["verdict"] for entry in entries] == [*misses, *["hit"] * (len(entries) - len(misses))]
    assert len(entries) == len(recording.cached)
    assert len({entry["conversation"] for entry in entries}) == 1


def test_an_imitator_is_named_once(recording: Recording) -> None:
    """No other library is taken for one."""
    names = [line for line in recording.environment.logs.splitlines() if NAMES_AN_IMITATOR in line]

    assert len(names) == ("prompt_cache_key_changed" in recording.library.misses)
    assert all("smolagents-codex/" in line for line in names)


def test_says_nothing_private(recording: Recording) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(recording.environment.logs, *SAID)
