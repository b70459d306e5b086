"""Conversations at random in which one thing happens at a time, counted by the rules of the embedded backend.

So the cause of each miss is known without anyone having labelled it.
"""

import random
from collections.abc import Callable

from codexcache.body.json_splice import Object
from embedded_backend import model
from embedded_backend.model import PromptCache
from embedded_backend.prompt import render

from corpus.talk import NATIVE, START, Talk, assistant, call, developer, output, reasoning, text, tool, user

_IDLE_SECONDS = 600
_SERVERS = 4

type Event = Callable[[Talk, random.Random, str], None]


def wander(seed: int, turns: int) -> tuple[Talk, list[str]]:
    """Return a conversation, and for each turn the verdict that a miss must have."""
    chance, cache, causes = random.Random(seed), PromptCache(), list[str]()
    talk = Talk(about=f"wandering {seed}", source="", headers={**NATIVE, "chatgpt-account-id": "account-0"})
    talk.members["prompt_cache_key"] = "session-1"
    talk.items = [developer("<permissions>"), user("<environment_context>"), user("The task."), assistant("Begun.")]
    for number in range(turns):
        cause, event = chance.choice(_EVENTS) if number > 1 else ("", _nothing)
        event(talk, chance, f"{seed}-{number}")
        _turn(talk, cache, number, gap=1000 if cause == "idle" else 20)
        causes.append(cause)
    return talk, causes


def _turn(talk: Talk, cache: PromptCache, number: int, gap: float) -> None:
    """Send a turn, and have the cache count it."""
    question = f"Question {number}."
    body: Object = {**talk.members, "tools": talk.tools, "instructions": talk.instructions}
    prompt = render(body, [*talk.items, user(question)])
    session, key = talk.headers["session-id"], body["prompt_cache_key"]
    scope = model.Scope(
        server=model.server_of(session, _SERVERS),
        account=talk.headers["chatgpt-account-id"],
        partition=model.partition(session, key, True),
        members=model.members(body),
    )
    at = (talk.steps[-1].ended_at if talk.steps else START) + gap
    reads = cache.take(scope, prompt, at, _IDLE_SECONDS)
    replies = [*[reasoning(f"{number}")] * (number % 2), assistant(f"Answer {number}.")]
    talk.turn("", say=question, gap=gap, reads=reads, replies=replies, input_tokens=model.tokens(len(prompt)))


def _place(talk: Talk, chance: random.Random) -> int:
    """Return the place of an item behind those with which every conversation of the agent begins."""
    return chance.randrange(2, len(talk.items))


def _nothing(talk: Talk, chance: random.Random, name: str) -> None:
    """Let the conversation grow."""


def _works(talk: Talk, chance: random.Random, name: str) -> None:
    for n in range(chance.randrange(1, 12)):
        talk.items += [reasoning(f"{name}-{n}"), call(f"{name}-{n}"), output(f"{name}-{n}")]


def _edits_a_tool(talk: Talk, chance: random.Random, name: str) -> None:
    talk.tools[chance.randrange(3)] = tool(f"tool-{name}")


def _moves_tools(talk: Talk, chance: random.Random, name: str) -> None:
    talk.tools = [*talk.tools[1:], talk.tools[0]]


def _edits_instructions(talk: Talk, chance: random.Random, name: str) -> None:
    talk.instructions = text("You are a coding agent.") + name + text("You never sleep.")


def _sets(member: str) -> Event:
    """Return an event that gives a member of the body a value it never had."""

    def event(talk: Talk, chance: random.Random, name: str) -> None:
        talk.members[member] = name

    return event


def _sets_verbosity(talk: Talk, chance: random.Random, name: str) -> None:
    given = talk.members.get("text")
    talk.members["text"] = {**(given if isinstance(given, dict) else {}), "verbosity": name}


def _sets_format(talk: Talk, chance: random.Random, name: str) -> None:
    given = talk.members.get("text")
    talk.members["text"] = {**(given if isinstance(given, dict) else {}), "format": {"type": name}}


def _sets_effort(talk: Talk, chance: random.Random, name: str) -> None:
    talk.members["reasoning"] = {"effort": name}


def _sets_header(header: str) -> Event:
    def event(talk: Talk, chance: random.Random, name: str) -> None:
        talk.headers = {**talk.headers, header: name}

    return event


def _edits_an_item(talk: Talk, chance: random.Random, name: str) -> None:
    talk.items[_place(talk, chance)] = chance.choice([user, assistant])(f"Edited {name}.")


def _inserts_an_item(talk: Talk, chance: random.Random, name: str) -> None:
    talk.items.insert(_place(talk, chance), developer(f"Inserted {name}."))


def _drops_an_item(talk: Talk, chance: random.Random, name: str) -> None:
    del talk.items[_place(talk, chance)]


def _goes_back(talk: Talk, chance: random.Random, name: str) -> None:
    talk.items = talk.items[: chance.randrange(4, len(talk.items) + 1)]


_EVENTS: tuple[tuple[str, Event], ...] = (
    *(("", _nothing),) * 5,
    ("", _works),
    ("tools_changed", _edits_a_tool),
    ("tools_changed", _moves_tools),
    ("instructions_changed", _edits_instructions),
    ("reasoning_effort_changed", _sets_effort),
    ("verbosity_changed", _sets_verbosity),
    ("text_format_changed", _sets_format),
    ("service_tier_changed", _sets("service_tier")),
    ("model_changed", _sets("model")),
    ("prompt_cache_key_changed", _sets("prompt_cache_key")),
    ("session_changed", _sets_header("session-id")),
    ("account_changed", _sets_header("chatgpt-account-id")),
    ("idle", _nothing),
    ("input_changed", _edits_an_item),
    ("input_changed", _inserts_an_item),
    ("input_changed", _drops_an_item),
    ("input_changed", _goes_back),
)
