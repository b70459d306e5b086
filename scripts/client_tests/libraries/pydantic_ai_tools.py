"""A conversation by pydantic-ai with codex-auth-helper, of an agent that has tools."""

import sys

from codex_auth_helper import create_codex_responses_model
from pydantic_ai import Agent, Tool

from client_tests.libraries.pydantic_ai import MODEL, SETTINGS, converse
from client_tests.sdk_conversation import INSTRUCTIONS

TOOLS = ("read", "write", "search", "list_files", "run_tests", "open_page")


def tool(name: str) -> Tool[None]:
    """Return a tool that nobody calls."""

    def act(path: str, limit: int = 10) -> str:
        return f"{path}, {limit}"

    return Tool(act, name=name, description=f"Does what {name} says, for a path.")


def main(*said: str) -> None:
    """Have the conversation."""
    model = create_codex_responses_model(MODEL, instructions=INSTRUCTIONS, settings=SETTINGS)
    converse(Agent(model, tools=[tool(name) for name in TOOLS]), said)


if __name__ == "__main__":
    main(*sys.argv[1:])
