"""A body that is parsed in slices says what a whole parse says, in any spelling; what is unusual is left alone."""

import json
from collections.abc import Callable, Iterator

import pytest
from codexcache.body import slices
from codexcache.body.cache import finished
from codexcache.body.incremental import Body, cached_body
from codexcache.body.json_splice import Json, Object, Unreadable, as_list, parse
from codexcache.body.prefix import PrefixDigests
from codexcache.body.slices import parse_in_slices
from codexcache.turn.prompt import Prompt
from codexcache.turn.request import ParsedBody, parse_body, parse_further
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import FILLER, FRONT, check, extended, text_of
from support.jsontext import prop, values, white

EDITS = [({"stream_options"}, {"prompt_cache_key": "a key"}), ({"tools", "stream"}, {}), (set[str](), {"model": "m"})]
TOOLS = '"tools":[{"name":"a","input":[{"b":1},{"c":2}]},{"name":"tools","required":["x"]},{"tools":[{}]}]'


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 40)


def all_items(document: Object, known: list[Json] | None) -> list[Json]:
    """Return the items of a document, after those that are known."""
    return [*(known or ()), *as_list(document.get("input"))]


def sliced(text: bytes) -> Body[list[Json]] | None:
    return finished(parse_in_slices(PrefixDigests(text), all_items))


def checked(text: bytes) -> Body[list[Json]] | None:
    """Return a body that was parsed in slices, after it was compared with a whole parse of the same text."""
    if body := sliced(text):
        assert body.cached is not None
        assert body.cached.count == len(body.cached.parsed)
        check(body, body.cached.parsed, *EDITS)
    return body


ASK: Object = {
    "role": "user",
    "content": [{"type": "input_text", "text": "Wie spät?"}, {"type": "x", "text": '}, {"a"],[ \\'}],
}
ITEMS: list[Json] = [
    {"type": "message", **ASK},
    {"type": "output", "output": "}, {},{" * 2},
    {"type": "call", "a": [{}, {}]},
] * 3
BODY: Object = {
    "instructions": FILLER,
    "input": ITEMS,
    "tools": [{"name": "a", "b": [{}, {}]}, {"name": "b"}],
    "stream": True,
}
SPELLINGS: dict[str, Callable[[Json], str]] = {
    "JSON.stringify": lambda body: json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    "json.dumps": json.dumps,
    "indented": lambda body: json.dumps(body, indent=2),
    "with tabs": lambda body: json.dumps(body, indent="\t", ensure_ascii=False),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY, id="tools behind the input"),
        pytest.param({"tools": BODY["tools"], "input": ITEMS, "stream": True}, id="tools before it"),
        pytest.param({"instructions": FILLER, "input": ITEMS}, id="no tools"),
        pytest.param({"instructions": FILLER, "stream": True, "input": [{"tools": [{}]}, *ITEMS]}, id="tools in it"),
    ],
)
def test_each_usual_spelling_is_parsed_in_slices(spell: Callable[[Json], str], body: Json) -> None:
    text = spell(body).encode()
    parsed = checked(text)

    assert parsed is not None
    assert parsed.cached is not None
    assert len(as_list(parsed.document["input"])) == 1
    assert sum(1 for _ in parse_in_slices(PrefixDigests(text), all_items)) > 1


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_another_last_item_is_parsed_alone(spell: Callable[[Json], str]) -> None:
    first = sliced(spell(BODY).encode())
    assert first is not None
    assert first.cached is not None
    body = extended(first.cached, spell({**BODY, "input": [*ITEMS[:-1], {"q": 2}]}).encode())

    assert body is not None
    assert body.document["input"] == [{"q": 2}]
    check(body, first.cached.parsed, *EDITS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text_of(""), id="no item"),
        pytest.param(text_of('{"a":1}'), id="one item"),
        pytest.param(text_of('"a","b"'), id="items that are no objects"),
        pytest.param(text_of('{"a":1} ,{"b":1}'), id="a spelling of its own"),
        pytest.param(b'{"input":[{"a":1},{"b":2}]}', id="it is too short"),
        pytest.param(text_of('{"a":1},{"b":2}').replace(b'"input"', b'"inp\\u0075t"'), id="an escaped name"),
        pytest.param(text_of('{"a":1},{"b":2}', behind=',"input":[{}]'), id="two inputs"),
        pytest.param(text_of('{"a":1},{"b":2}', behind=',"instructions":""'), id="a name on both sides"),
        pytest.param(text_of('{"a":1},{"b":2}')[:-1], id="it is cut off"),
        pytest.param(text_of('{"a":1},{"b":NaN},{"c":1}'), id="NaN"),
        pytest.param(b"\xef\xbb\xbf" + text_of('{"a":1},{"b":2}'), id="a byte order mark"),
        pytest.param(
            text_of('{"a":1},{"b":"\udcff"},{"c":1}'.replace("\udcff", "x")).replace(b'"x"', b'"\xff"'), id="no UTF-8"
        ),
        pytest.param(text_of('{"a":1},{"b":2}]],[[{"c":1}'), id="a list too many"),
    ],
)
def test_what_is_unusual_is_left_to_a_whole_parse(text: bytes) -> None:
    assert sliced(text) is None


def test_what_must_not_be_split_is_left_to_a_whole_parse() -> None:
    assert finished(parse_in_slices(PrefixDigests(json.dumps(BODY).encode()), lambda document, known: None)) is None


@pytest.mark.parametrize(
    "item", ['{"a":"\\ud83d"}', '{"a":123456789012345678901234567890}', '{"a":1e999}', '{"a":1.10}']
)
def test_what_only_a_lenient_parser_reads_is_read_in_slices_as_well(item: str) -> None:
    assert checked(text_of(",".join([item] * 9))) is not None


def test_a_depth_that_is_refused_as_a_whole_is_refused_in_slices() -> None:
    for depth in range(1018, 1028):
        deep = f'{{"a":{"[" * depth}{"]" * depth}}}'
        checked(text_of(",".join([deep] * 3)))


hostile = st.one_of(
    values,
    st.sampled_from(
        [
            '{"a":"},{"}',
            '{"a":"}, {\\"b\\": 1"}',
            '{"a":"],"}',
            '{"a":",\\"tools\\":[{"}',
            '{"tools":[{"a":1},{"b":2}]}',
            '{"input":[{"a":1},{"b":2}]}',
            '{"a":1,"a":2}',
            '{"\\u0061":1}',
            '{"a":"\\ud800"}',
            '{"a":1e400}',
            '{"a":-0}',
            "{}",
            '{"a":[{},{}]}',
            '{"a":1}],"b":[{"c":1}',
            '{"a":1},',
            '{"a"',
        ]
    ),
)
fronts = st.sampled_from(
    [
        FRONT,
        f"{FRONT},{TOOLS}",
        f'"input":[{{}},{{}}],{FRONT}',
        f'"input":[{{"a":1}}],{FRONT},"b":"\\"input\\":[{{"',
        f'{FRONT},"a":{{"input":[{{}},{{}}]}}',
        f'{FRONT},"a":1,"a":2',
        f'{FRONT},"inp\\u0075t":[{{}}]',
    ]
)
ends = st.sampled_from(
    [
        "",
        f",{TOOLS}",
        f',"b":[{{"c":1}},{{"d":2}}],{TOOLS}',
        ',"b":"}],{"',
        ',"a":1,"a":[{},{}]',
        ',"input":[{},{}]',
        f',"tools":1,{TOOLS}',
        ',"tool\\u0073":[{"a":1},{"b":2}]',
        ',"b":[{"c":1},{"d":2}]',
        "}",
        ",",
        ',"input":"a"',
    ]
)


@prop
@given(st.lists(hostile, min_size=1, max_size=9), st.sampled_from([",", ", ", ",\n    "]), white, fronts, ends)
def test_hostile_bodies_say_what_a_whole_parse_says(
    items: list[str], between: str, gap: str, front: str, end: str
) -> None:
    text = text_of(gap + between.join(items) + gap, front, end).replace(
        b'"input":[', b'"input":%b[' % between[1:].encode()
    )
    try:
        parse(text)
    except Unreadable:
        assert sliced(text) is None
    else:
        checked(text)


@prop
@given(st.data())
def test_a_body_that_is_cut_anywhere_or_has_a_byte_replaced_says_what_a_whole_parse_says(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([spell(BODY) for spell in SPELLINGS.values()])).encode()
    at = data.draw(st.integers(550, len(text) - 1))
    text = text[:at] + data.draw(st.sampled_from([b"", b'"', b"}", b"]", b"{", b",", b"\\"])) + text[at + 1 :]
    try:
        parse(text)
    except Unreadable:
        assert sliced(text) is None
    else:
        checked(text)


# What a turn's reader makes of a body is the same, whether it is given all items at once or slice by slice.


def facts(parsed: ParsedBody) -> Iterator[object]:
    prompt: Prompt = parsed.prompt
    yield from (prompt.prefix, prompt.length, [*map(prompt.items.__getitem__, range(len(prompt.items)))])
    yield from (parsed.fields, parsed.opening, parsed.first_user_message, parsed.first_developer_message, parsed.lines)


MESSAGES: list[Json] = [
    {"type": "additional_tools", "tools": [{"name": "b", "type": "function"}]},
    {"role": "developer", "content": ""},
    {"role": "developer", "content": [{"type": "input_text", "text": "Be kind. " * 10}]},
    {"role": "user", "content": ""},
    {"role": "user", "content": "What time is it at noon on 2026-11-30?"},
    {"role": "user", "content": [{"type": "input_image", "image_url": f"data:image/png;base64,{'A' * 9000}"}]},
    {"role": "assistant", "content": "It is noon, as you have said."},
    {"type": "function_call", "name": "shell", "arguments": '{"a": 1}', "call_id": "call_1"},
    {"type": "function_call_output", "call_id": "call_1", "output": "x}, {" * 3000},
    {"type": "reasoning", "encrypted_content": "abc" * 99, "summary": []},
]


@prop
@given(
    st.lists(st.sampled_from(MESSAGES), min_size=2, max_size=12),
    st.sampled_from([{}, {"instructions": FILLER}, {"tools": [{"name": "a", "type": "function"}]}]),
    st.sampled_from([*SPELLINGS.values()]),
)
def test_a_turn_reads_the_same_out_of_slices(given: list[Json], before: Object, spell: Callable[[Json], str]) -> None:
    document: Object = {"filler": FILLER, **before, "input": given, "stream": True}
    body = finished(parse_in_slices(PrefixDigests(spell(document).encode()), parse_further))
    if body is None:
        return
    read = parse_body(body.document, body.cached_parsed, body.changed)

    assert [*facts(read)] == [*facts(parse_body(document))]
    assert cached_body(body, read, (), {}, None) is not None
