"""A conversation by litellm's provider `chatgpt/`, which sends a new session with each request."""

import sys

from litellm import completion

from client_tests.sdk_conversation import INSTRUCTIONS


def main(*said: str) -> None:
    """Send the whole history with each turn."""
    history = [{"role": "system", "content": INSTRUCTIONS}]
    for words in said:
        history.append({"role": "user", "content": words})
        answer = completion("chatgpt/gpt-5.5", messages=history)
        history.append({"role": "assistant", "content": answer.choices[0].message.content})
        print(answer.usage.prompt_tokens_details.cached_tokens)


if __name__ == "__main__":
    main(*sys.argv[1:])
