"""A conversation by langchain-codex-plus, which sends no id."""

import sys

from langchain_codex_plus import ChatCodexPlus
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from client_tests.sdk_conversation import INSTRUCTIONS


def main(*said: str) -> None:
    """Send the whole history with each turn."""
    model = ChatCodexPlus(model="gpt-5.5")
    history: list[BaseMessage] = [SystemMessage(INSTRUCTIONS)]
    for words in said:
        history.append(HumanMessage(words))
        answer = model.invoke(history)
        history.append(answer)
        print(answer.usage_metadata["input_token_details"]["cache_read"])


if __name__ == "__main__":
    main(*sys.argv[1:])
