"""One key for each conversation, whatever a client rewrites in its history and whatever ids it makes up."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest
from codexcache.body.json_splice import Json
from codexcache.options import Mode, default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.request import Transport
from codexcache.wire.routes import Endpoint
from support.turns import turn

type Item = dict[str, Json]

_numbers = itertools.count()


def asked(text: str, *parts: Item) -> Item:
    given: Item = {"type": "input_text", "text": text}
    content: list[Json] = [given, *parts]
    return {"type": "message", "role": "user", "content": content}


IMAGE: Item = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}


def answer(name: str, number: int) -> list[Item]:
    """Return what the model says in one turn of a conversation: reasoning, a call, and a message."""
    said: Item = {"type": "output_text", "text": f"{name} has found what to do in step {number}.", "annotations": []}
    return [
        {"type": "reasoning", "id": f"rs_{number}", "encrypted_content": f"{name}-{number}-" + "A" * 40, "summary": []},
        {"type": "function_call", "id": "fc", "call_id": f"call_{name}_{number:012}", "name": "f", "arguments": "{}"},
        {"type": "message", "id": "msg", "status": "completed", "role": "assistant", "content": [said]},
    ]


def history(name: str, turns: int) -> list[Item]:
    """Return the whole input of a conversation's turn, as a client that only appends sends it."""
    items = [asked("Environment.", IMAGE), asked("Fix the bug.", IMAGE)]
    for number in range(turns):
        items += [*answer(name, number), result(name, number), asked(f"And now step {number + 1}?", IMAGE)]
    return items


def result(name: str, number: int) -> Item:
    return {"type": "function_call_output", "call_id": f"call_{name}_{number:012}", "output": "done"}


def with_last_message_decorated(items: list[Item]) -> list[Item]:
    """Put what changes with each turn into the last message alone; the next turn sends that message clean."""
    return [*items[:-1], asked(f"It is {next(_numbers)} o'clock. {items[-1]}")]


def with_message_at_1(items: list[Item]) -> list[Item]:
    return [items[0], asked(f"Context {next(_numbers)}."), *items[1:]]


def without_first_message(items: list[Item]) -> list[Item]:
    return items[1:] if len(items) > 2 else items


def without_earlier_images(items: list[Item]) -> list[Item]:
    texts = [{**one, "content": [part for part in parts_of(one) if part != IMAGE]} for one in items[:-1]]
    return [one if one["type"] != "message" else text for one, text in zip(items, texts, strict=False)] + items[-1:]


def parts_of(item: Item) -> list[Json]:
    parts = item.get("content")
    return parts if isinstance(parts, list) else []


def last_window(items: list[Item]) -> list[Item]:
    return items[-7:]


def without_reasoning(items: list[Item]) -> list[Item]:
    return [one for one in items if one["type"] != "reasoning"]


def with_answers_respelled(items: list[Item]) -> list[Item]:
    """Send answers as text without type, id and status, and the first message clean of its image."""
    plain = [without_ids(one) for one in items if one["type"] != "reasoning"]
    return [asked("Environment, once more."), *plain[1:]]


def without_ids(item: Item) -> Item:
    if item.get("role") != "assistant":
        return {name: value for name, value in item.items() if name != "id"}
    part = parts_of(item)[0]
    assert isinstance(part, dict)
    return {"role": "assistant", "content": part["text"], "phase": "final"}


REWRITES: dict[str, Callable[[list[Item]], list[Item]]] = {
    "only appended": lambda items: items,
    "last message decorated": with_last_message_decorated,
    "message inserted at index 1": with_message_at_1,
    "first message pruned": without_first_message,
    "images pruned": without_earlier_images,
    "window slides": last_window,
    "reasoning dropped": without_reasoning,
    "answers re-spelled": with_answers_respelled,
}


class Identity(NamedTuple):
    """The headers and the key that a client sends, which it makes up for each request."""

    headers: Callable[[str], Mapping[str, str]]
    with_key: bool = False
    mode: Mode = "fill"
    first: int = 0  # the turn from which on its key is kept


AGENT = {"user-agent": "agent/1.0"}
IDENTITIES = {
    "no id": Identity(lambda new: AGENT),
    "session per request": Identity(lambda new: AGENT | {"session_id": new}),
    "Idempotency-Key per request": Identity(lambda new: AGENT | {"idempotency-key": new}),
    "session and key per request, pin": Identity(lambda new: AGENT | {"session_id": new}, with_key=True, mode="pin"),
    "the official client's marks": Identity(
        lambda new: AGENT | {"session-id": new, "thread-id": new, "x-codex-window-id": "w"}, with_key=True, first=1
    ),
}

WAYS: dict[str, list[tuple[Transport, Endpoint]]] = {
    "http": [("http", "responses")],
    "websocket": [("websocket", "responses")],
    "compact in between": [("http", "responses"), ("http", "responses"), ("http", "compact")],
    "by turns": [("http", "responses"), ("websocket", "responses")],
}


class Client:
    """A client of one proxy, whose conversations are answered each in its own words."""

    def __init__(self, identity: Identity, rewrite: Callable[[list[Item]], list[Item]], way: str) -> None:
        self.identity, self.rewrite, self.way = identity, rewrite, WAYS[way]
        self.settings, self.continuity = replace(default_settings(), mode=identity.mode), Continuity()

    def send(self, name: str, number: int) -> Exchange:
        """Send a conversation's turn, and have it answered."""
        new, (transport, endpoint) = f"id-{next(_numbers)}", self.way[number % len(self.way)]
        members: Item = {"prompt_cache_key": new} if self.identity.with_key else {}
        members["input"] = list[Json](self.rewrite(history(name, number)))
        sent = turn(self.identity.headers(new), members, transport=transport, endpoint=endpoint)
        exchange = self.continuity.begin(sent, self.settings)
        exchange.response_info.outputs = list[Json](answer(name, number))
        self.continuity.finish(exchange, self.settings)
        return exchange


def keys_of(exchanges: list[Exchange], first: int) -> set[str | None]:
    return {exchange.cache_key.key for exchange in exchanges[first:]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_conversation_has_one_key(rewrite: str, identity: str, way: str) -> None:
    client = Client(IDENTITIES[identity], REWRITES[rewrite], way)
    exchanges = [client.send("Ann", number) for number in range(6)]

    assert len(keys_of(exchanges, client.identity.first)) == 1


def turns_of_two(client: Client, order: str) -> dict[str, list[Exchange]]:
    """Return the turns of two conversations, Ann's and Bob's; `order` has the initial of each turn's."""
    sent: dict[str, list[Exchange]] = {"A": [], "B": []}
    for name in order:
        sent[name].append(client.send({"A": "Ann", "B": "Bob"}[name], len(sent[name])))
    return sent


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("identity", "order"),
    [
        *itertools.product([name for name in IDENTITIES if "session" in name or "marks" in name], ["ABBABABA"]),
        *itertools.product([name for name in IDENTITIES if name != "no id"], ["AABBABBA"]),
    ],
)
@pytest.mark.parametrize("rewrite", REWRITES)
def test_two_conversations_with_equal_openings_and_other_answers_have_two(
    rewrite: str, identity: str, order: str, way: str
) -> None:
    """An equal opening without a session counts as tried again, until the first conversation has gone on."""
    client = Client(IDENTITIES[identity], REWRITES[rewrite], way)
    ann, bob = (keys_of(turns, client.identity.first) for turns in turns_of_two(client, order).values())

    assert (len(ann), len(bob)) == (1, 1)
    assert ann != bob
