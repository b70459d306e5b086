"""A conversation by pydantic-ai with codex-auth-helper, which sends no id."""

import sys
from collections.abc import Sequence

from codex_auth_helper import create_codex_responses_model
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage

from client_tests.sdk_conversation import INSTRUCTIONS

# For this model it asks for diagnostics from the second turn on, by `prompt_cache_options`, which the backend refuses.
MODEL, SETTINGS = "gpt-5.6-luna", {"openai_prompt_cache_diagnostics": False}


def main(*said: str) -> None:
    """Have the conversation."""
    converse(Agent(create_codex_responses_model(MODEL, instructions=INSTRUCTIONS, settings=SETTINGS)), said)


def converse(agent: Agent, said: Sequence[str]) -> None:
    """Give each run the messages of those before, and print what it read from the cache."""
    history: list[ModelMessage] = []
    for words in said:
        result = agent.run_sync(words, message_history=history)
        history = result.all_messages()
        print(result.usage.cache_read_tokens)


if __name__ == "__main__":
    main(*sys.argv[1:])
