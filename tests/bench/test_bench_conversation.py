"""Conversations that grow as agents' do, and the answers that they get."""

import itertools
import json

import orjson
import pytest
from codex_bench.connection import chunks
from codex_bench.conversation import SPELLINGS, Conversation, as_frame
from codexcache.turn.response import ResponseInfo
from codexcache.wire.sse import EventStream

SPACED = "spaced"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("size", [10_000, 40_000, 1_000_000])
def test_the_first_body_has_about_the_size_that_is_asked_for(size: int, spelling: str) -> None:
    first = next(Conversation(1, size, spelling).bodies(1))

    assert size <= len(first) < size * 1.1


def test_a_body_is_spelled_as_clients_spell_it() -> None:
    texts = [next(Conversation(1, 10_000, spelling).bodies(1)) for spelling in SPELLINGS]
    document = orjson.loads(texts[0])

    assert [text[:20] for text in texts] == [b'{"model":"gpt-5.5","', b'{"model": "gpt-5.5",', b'{\n  "model": "gpt-5.']
    assert texts[2] == json.dumps(document | {"input": orjson.loads(texts[2])["input"]}, indent=2).encode()


def test_each_turn_repeats_the_items_of_the_turn_before_it() -> None:
    inputs = [orjson.loads(body)["input"] for body in Conversation(1, 10_000, SPACED).bodies(4)]

    assert all(later[: len(earlier)] == earlier for earlier, later in itertools.pairwise(inputs))
    assert [len(later) - len(earlier) for earlier, later in itertools.pairwise(inputs)] == [3, 3, 3]


def test_only_the_items_differ_and_one_seed_makes_one_conversation() -> None:
    one, again, other = (
        [orjson.loads(body) for body in Conversation(seed, 10_000, SPACED).bodies(2)] for seed in (1, 1, 2)
    )
    others = [body | {"input": []} for body in (*one, *other)]

    assert (one == again, one[0] == other[0]) == (True, False)
    assert all(body == others[0] for body in others)
    assert "prompt_cache_key" not in others[0]


def test_a_frame_is_the_body_with_its_type() -> None:
    body = next(Conversation(1, 10_000, "indented").bodies(1))

    assert orjson.loads(as_frame(body)) == {"type": "response.create", **orjson.loads(body)}


def test_the_addon_understands_an_answer() -> None:
    stream, outcome = EventStream(), ResponseInfo()
    for chunk in chunks(7, 100):
        for data in stream.feed(chunk.partition(b"\r\n")[2].removesuffix(b"\r\n")):
            outcome.read_event(data)

    assert (outcome.response_id, outcome.finished) == (f"resp_{7:048x}", True)
    assert outcome.usage["input_tokens"] == 12_000
