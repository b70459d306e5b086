"""Conversations at random in which one thing happens at a time, counted by the rules of the embedded backend.

So the cause of each miss is known without anyone having labelled it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from codexcache.body.json_splice import Json, Object
from embedded_backend import model
from embedded_backend.model import PromptCache, render

from corpus.talk import START, Case, native
from corpus.texts import assistant, call, compaction, developer, is_a, output, reasoning, text, tool, user

_IDLE_SECONDS = 600
_SERVERS = 4
_HEAD = [developer("<permissions>"), user("<environment_context>"), user("The task."), assistant("Begun.")]
"""With what the conversation begins; its siblings begin with the first three messages."""


@dataclass(kw_only=True)
class World:
    """A conversation and the backend that counts it. `served` is what is served otherwise than it was asked for.

    `causes` are the verdicts that the turns may have, for each of them the one that a miss must have.
    """

    case: Case
    chance: random.Random
    cache: PromptCache = field(default_factory=PromptCache)
    causes: list[str] = field(default_factory=list)
    served: dict[str, str] = field(default_factory=dict)

    def turn(self, case: Case, cause: str, gap: float = 20, say: str = "") -> None:
        """Send a turn, and have the cache count it."""
        number = case.last
        question = say or f"Question {number}."
        replies = [*[reasoning(f"{number}")] * (number % 2), assistant(f"Answer {number}.")]
        at = (case.steps[-1].ended_at if case.steps else START) + gap
        asked = {"model": str(case.members["model"]), "tier": str(case.members.get("service_tier", "default"))}
        told = {**asked, **self.served}
        answer: dict[str, Any] = dict(told)
        reads, counted = self._count(case, told, question, at)
        case.turn("hit", say=question, gap=gap, reads=reads, replies=replies, input_tokens=counted, **answer)
        self.causes.append(cause)

    def _count(self, case: Case, told: dict[str, str], question: str, at: float) -> tuple[int, int]:
        """Return the tokens that are read, and all of them."""
        served: Object = {"model": told["model"], "service_tier": told["tier"]}
        body: Object = {**case.members, **served, "tools": case.tools, "instructions": case.instructions}
        prompt = render(body, [*case.items, user(question)])
        session = case.headers["session-id"]
        scope = model.Scope(
            server=model.server_of(session, _SERVERS),
            account=case.headers["chatgpt-account-id"],
            partition=model.partition(session, case.members["prompt_cache_key"], True),
            members=model.members(body),
        )
        return self.cache.take(scope, prompt, at, _IDLE_SECONDS), model.tokens(len(prompt))


type Event = Callable[[World, str], None]


def random_conversation(seed: int, turns: int) -> tuple[Case, list[str]]:
    """Return a conversation, and for each turn the verdict that a miss must have."""
    case = Case(about=f"random {seed}", source="", headers={**native(), "chatgpt-account-id": "account-0"})
    case.members["prompt_cache_key"], case.items = "session-1", list(_HEAD)
    world = World(case=case, chance=random.Random(seed))
    for number in range(turns):
        cause, event = world.chance.choice(_EVENTS) if number > 1 else ("", _nothing)
        event(world, f"{seed}-{number}")
        world.turn(case, cause, gap=_PAUSES.get(cause, 20))
    return case, world.causes


_PAUSES = {"idle": 1000}


def _place(world: World) -> int:
    """Return the place of an item behind those with which every conversation of the agent begins."""
    return world.chance.randrange(2, len(world.case.items))


def _places(world: World, kind: str) -> list[int]:
    """Return the places of all items of a type."""
    return [place for place, item in enumerate(world.case.items) if is_a(kind, item)]


def _nothing(world: World, name: str) -> None:
    """Let the conversation grow."""


def _works(world: World, name: str) -> None:
    for n in range(world.chance.randrange(1, 12)):
        world.case.items += [reasoning(f"{name}-{n}"), call(f"{name}-{n}", '{"path":"a"}'), output(f"{name}-{n}")]


def _waits_a_little(world: World, name: str) -> None:
    """Let another agent's turn pass, and some minutes that are no pause."""
    _child_begins(world, name, gap=world.chance.randrange(20, 180))


def _restarts(world: World, name: str) -> None:
    world.case.restart()


def _edits_a_tool(world: World, name: str) -> None:
    world.case.tools[world.chance.randrange(3)] = tool(f"tool-{name}")


def _moves_tools(world: World, name: str) -> None:
    world.case.tools = [*world.case.tools[1:], world.case.tools[0]]


def _edits_instructions(world: World, name: str) -> None:
    world.case.instructions = text("You are a coding agent.") + name + text("You never sleep.")


def _dates_instructions(world: World, name: str) -> None:
    world.case.instructions = f"{text('You are a coding agent.')} Run {name} at 10:00:0{name[-1]}. {text('Be brief.')}"


def _sets(mapping: str, member: str, value: Callable[[str], Json] = str) -> Event:
    """Return an event that gives a member of the body or a header a value it never had."""

    def event(world: World, name: str) -> None:
        setattr(world.case, mapping, {**getattr(world.case, mapping), member: value(name)})
        world.served.pop({"service_tier": "tier"}.get(member, member), None)

    return event


def _sets_in_text(member: str, value: Callable[[str], Json]) -> Event:
    """Return an event that gives a member of the body's `text` a value it never had."""

    def event(world: World, name: str) -> None:
        given = world.case.members.get("text")
        world.case.members["text"] = {**(given if isinstance(given, dict) else {}), member: value(name)}

    return event


def _serves(what: str) -> Event:
    """Return an event after which another model or tier is served than was asked for."""

    def event(world: World, name: str) -> None:
        world.served[what] = f"served-{name}"

    return event


def _edits_an_item(world: World, name: str) -> None:
    world.case.items[_place(world)] = world.chance.choice([user, assistant])(f"Edited {name}.")


def _inserts_an_item(world: World, name: str) -> None:
    world.case.items.insert(_place(world), developer(f"Inserted {name}."))


def _drops_an_item(world: World, name: str) -> None:
    del world.case.items[_place(world)]


def _swaps_items(world: World, name: str) -> None:
    items, place = world.case.items, _place(world)
    items[place], items[-1] = items[-1], items[place]


def _shortens_outputs(world: World, name: str) -> None:
    for place in _places(world, "function_call_output")[: world.chance.randrange(1, 6)]:
        item = world.case.items[place]
        assert isinstance(item, dict)
        world.case.items[place] = {**item, "output": "[cut]"}


def _spells_a_call(world: World, name: str) -> None:
    for place in _places(world, "function_call")[:1]:
        item = world.case.items[place]
        assert isinstance(item, dict)
        world.case.items[place] = {**item, "arguments": '{"path": "a"}'}


def _drops_reasoning(world: World, name: str) -> None:
    world.case.items = [item for item in world.case.items if not is_a("reasoning", item)]


def _goes_back(world: World, name: str) -> None:
    items = world.case.items
    world.case.items = items[: world.chance.randrange(4, len(items) + 1)]


def _compacts(world: World, name: str) -> None:
    world.case.items = [*_HEAD[:3], compaction(name, 6000)]


def _forks(world: World, name: str) -> None:
    """Let the conversation go on in a thread of its own, under ids of its own."""
    world.case.headers |= native(name)
    world.case.members["prompt_cache_key"] = name


def _sibling_begins(world: World, name: str) -> None:
    """Let another conversation begin with the same messages."""
    sibling = world.case.aside(items=list(_HEAD[:3]), socket=f"socket of {name}")
    sibling.headers |= native(f"sibling-{name}")
    sibling.members["prompt_cache_key"] = f"sibling-{name}"
    world.turn(sibling, "cold", say=world.chance.choice(["Question 0.", f"Question {name}."]))


def _child_begins(world: World, name: str, gap: float = 20) -> None:
    """Let a child of the same session and key begin with the same messages, in a thread of its own."""
    child = world.case.aside(items=list(_HEAD[:3]), socket=f"socket of {name}")
    child.headers |= {"thread-id": f"child-{name}", "x-openai-subagent": "collab_spawn"}
    world.turn(child, "cold", gap=gap, say=f"Part {name}.")


_EVENTS: tuple[tuple[str, Event], ...] = (
    *(("", _nothing),) * 5,
    *(("", _works),) * 3,
    ("", _waits_a_little),
    ("", _restarts),
    ("", _sibling_begins),
    ("", _child_begins),
    ("tools_changed", _edits_a_tool),
    ("tools_changed", _moves_tools),
    ("instructions_changed", _edits_instructions),
    ("instructions_changed", _dates_instructions),
    ("reasoning_effort_changed", _sets("members", "reasoning", lambda name: {"effort": name})),
    ("verbosity_changed", _sets_in_text("verbosity", str)),
    ("text_format_changed", _sets_in_text("format", lambda name: {"type": name})),
    ("service_tier_changed", _sets("members", "service_tier")),
    ("service_tier_changed", _serves("tier")),
    ("model_changed", _sets("members", "model")),
    ("model_changed", _serves("model")),
    ("prompt_cache_key_changed", _sets("members", "prompt_cache_key")),
    ("prompt_cache_key_changed", _forks),
    ("session_changed", _sets("headers", "session-id")),
    ("account_changed", _sets("headers", "chatgpt-account-id")),
    ("idle", _nothing),
    ("input_changed", _edits_an_item),
    ("input_changed", _inserts_an_item),
    ("input_changed", _drops_an_item),
    ("input_changed", _swaps_items),
    ("input_changed", _shortens_outputs),
    ("input_changed", _spells_a_call),
    ("input_changed", _drops_reasoning),
    ("input_changed", _goes_back),
    ("context_compacted", _compacts),
)
