"""Public libraries that speak to the backend, with what is expected of each: a new library is a new row."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toolkit.program import SCRIPTS

from client_tests import install
from client_tests.environment import Environment
from client_tests.login import A_DAY, codex_login, write_private

SAID = ("Hello to you.", "Go on.", "And on.", "A little more.", "That is all.")

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

    `changes` is what the addon adds or replaces in its last turn, in the journal's order; `hears` the variable by which
    it is told a CA. One that is `keyed` reads as much without the addon.
    """

    script: str
    login_file: str
    login: Callable[[], Mapping[str, object]]
    changes: tuple[str, ...]
    misses: tuple[str, ...] = ("cold",)
    hears: str = "SSL_CERT_FILE"
    keyed: bool = False

    def __str__(self) -> str:
        return ", ".join(install.LIBRARIES[self.script]).replace("==", " ")


REPLACED = ("session-id", "session_id", "prompt_cache_key")
"""What is written over ids that are new in each request, one of which was never sent."""
EVERYTHING = ("session-id", "session_id", "x-client-request-id", "prompt_cache_key")
"""What a turn gets that has no id at all."""

LIBRARIES = (
    # An imitator of the official client is recognized by its third turn, which keeps the key of the second.
    Library("smolagents", ".smolagents-codex/credentials.json", tokens, REPLACED, ("cold", "prompt_cache_key_changed")),
    Library("litellm", ".config/litellm/chatgpt/auth.json", tokens, REPLACED),
    Library("codex_backend_sdk", ".codex/auth.json", login_with_a_key, EVERYTHING, hears="REQUESTS_CA_BUNDLE"),
    Library("pydantic_ai", ".codex/auth.json", codex_login, EVERYTHING),
    Library("llm", ".codex/auth.json", login_with_its_kind, ("session_id",), keyed=True),
    Library("langchain", ".codex/auth.json", codex_login, EVERYTHING),
)


async def converse(library: Library, environment: Environment) -> list[int]:
    """Hold a conversation, and return the cached tokens of each turn."""
    write_private(environment.folder / library.login_file, library.login())
    command = [str(install.python_of(library.script)), "-m", f"client_tests.libraries.{library.script}", *SAID]
    return [int(line) for line in (await environment.output(command, **VARIABLES)).splitlines()]
