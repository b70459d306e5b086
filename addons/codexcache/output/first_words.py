"""The length of a conversation's first words, by which a person finds it in a list where no text is shown.

The first words are the last message of the user before the model's first: clients put their instructions and what they
know of the environment ahead of it, as messages of the user too.
"""

from itertools import takewhile

from ..body.json_splice import Json, parse
from ..turn.items import CALLS, ENCRYPTED, given_items, texts
from ..turn.request import Turn

_OF_MODEL = CALLS | ENCRYPTED
"""Types of items that a model made, other than its messages."""


def first_words_length(turn: Turn) -> int:
    """Return how many characters the first words have, given the first turn that is known of a conversation.

    Of a body that was read incrementally only the new items are at hand; if none of them is such a message, the first
    message of the user stands for it.
    """
    ahead = takewhile(_is_no_answer, given_items(turn.document))
    contents = [item.get("content") for item in ahead if isinstance(item, dict) and item.get("role") == "user"]
    return sum(map(len, texts(contents[-1] if contents else _first_message(turn))))


def _is_no_answer(item: Json) -> bool:
    return isinstance(item, dict) and item.get("role") != "assistant" and item.get("type") not in _OF_MODEL


def _first_message(turn: Turn) -> Json:
    first = turn.first_user_message or "[]"
    return parse(f'{{"content":{first}}}'.encode("utf-8", "surrogatepass"))["content"]
