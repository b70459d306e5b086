"""A conversation by pydantic-ai with codex-auth-helper, of an agent that has tools."""

import sys

from codex_auth_helper import create_codex_responses_model
from pydantic_ai import Agent, Tool
from pydantic_ai.messages import ModelMessage

from client_tests.libraries.pydantic_ai import MODEL, SETTINGS
from client_tests.sdk_conversation import INSTRUCTIONS

TOOLS = ("read", "write", "search", "list_files", "run_tests", "open_page")


def tool(name: str) -> Tool[None]:
    """Return a tool that nobody calls."""

    def act(path: str, limit: int = 10) -> str:
        return f"{path}, {limit}"

    return Tool(act, name=name, description=f"Does what {name} says, for a path.")


def main(*said: str) -> None:
    """Give each run the messages of those before."""
    model = create_codex_responses_model(MODEL, instructions=INSTRUCTIONS, settings=SETTINGS)
    agent = Agent(model, tools=[tool(name) for name in TOOLS])
    history: list[ModelMessage] = []
    for words in said:
        result = agent.run_sync(words, message_history=history)
        history = result.all_messages()
        print(result.usage.cache_read_tokens)


if __name__ == "__main__":
    main(*sys.argv[1:])
