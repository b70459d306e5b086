"""A conversation by llm with llm-openai-codex, whose key is its conversation's id, over processes as well."""

import json
import subprocess
import sys

from client_tests.sdk_conversation import INSTRUCTIONS


def main(*said: str) -> None:
    """Continue the conversation with each turn, in a process of its own."""
    for number, words in enumerate(said):
        llm("prompt", "--model", "codex/gpt-5.5", "--system", INSTRUCTIONS, *(["--continue"] if number else []), words)
        [logged] = json.loads(llm("logs", "--count", "1", "--json"))
        print(logged["response_json"]["usage"]["input_tokens_details"]["cached_tokens"])


def llm(*arguments: str) -> str:
    """Return what the program prints."""
    return subprocess.run(
        [sys.executable, "-m", "llm", *arguments], check=True, text=True, stdout=subprocess.PIPE
    ).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
