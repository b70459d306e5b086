"""The steps between two inputs, applied to the first, give the second, whatever both hold."""

from codexcache.body.json_splice import Json
from codexcache.diagnosis.alignment import DROPPED, INSERTED, MOVED, align
from codexcache.diagnosis.edits import find_edits
from codexcache.turn.item_list import Items
from codexcache.turn.prompt import read_prompt
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import said


def output(number: int, text: str) -> Json:
    return {"type": "function_call_output", "call_id": f"call_{number}_0123456789", "output": text}


def reasoning(number: int) -> Json:
    return {"type": "reasoning", "encrypted_content": f"gAAAA of {number} " * 9}


ITEM: st.SearchStrategy[Json] = st.one_of(
    st.builds(said, st.sampled_from(["user", "assistant"]), st.sampled_from(["a", "b", "turn 1", "turn 2"])),
    st.builds(output, st.integers(0, 3), st.sampled_from(["[cleared]", "printed " * 20])),
    st.builds(reasoning, st.integers(0, 9)),
)
HISTORY = st.lists(ITEM, max_size=12)
EDITED = HISTORY.flatmap(
    lambda given: st.tuples(
        st.just(given),
        st.one_of(HISTORY, st.permutations(given), st.lists(st.sampled_from(given), max_size=14) if given else HISTORY),
    )
)


def items(given: list[Json]) -> Items:
    return read_prompt({"instructions": "i", "input": given}).items


@prop
@given(EDITED)
def test_each_item_is_kept_edited_or_appended_and_only_once(given: tuple[list[Json], list[Json]]) -> None:
    old, new = map(items, given)
    shared, kept, steps = align(new, old)

    olds = [*range(shared), *(o for _, o in kept), *(step.old for step in steps if step.old >= 0)]
    news = [*range(shared), *(n for n, _ in kept), *(step.new for step in steps if step.new >= 0)]
    appended = {*range(len(new))} - {*news}
    assert sorted(olds) == [*range(len(old))]
    assert len(news) == len({*news})
    assert all(index > max((n for n, _ in kept), default=shared - 1) for index in appended)


@prop
@given(EDITED)
def test_what_is_kept_or_moved_is_equal_and_what_is_kept_stays_in_order(given: tuple[list[Json], list[Json]]) -> None:
    old, new = map(items, given)
    shared, kept, steps = align(new, old)

    moved = [(step.new, step.old) for step in steps if step.kind == MOVED]
    assert all(new[n].digest == old[o].digest for n, o in (*kept, *moved))
    assert [*kept] == sorted(kept)
    assert [o for _, o in kept] == sorted(o for _, o in kept)
    assert all(n >= shared and o >= shared for n, o in kept)


@prop
@given(EDITED)
def test_the_counts_of_the_edits_add_up(given: tuple[list[Json], list[Json]]) -> None:
    """The first edit stands where the two begin to differ, and none says that nothing was done."""
    old, new = map(items, given)
    alignment, edits = align(new, old), find_edits(new, old)
    appended = len(new) - alignment.shared - len(alignment.kept) - sum(step.new >= 0 for step in alignment.steps)
    counts = {edit.kind: edit.count for edit in edits}

    assert sum(counts.values()) == len(alignment.steps)
    assert len(new) == len(old) - counts.get(DROPPED, 0) + counts.get(INSERTED, 0) + appended
    assert bool(edits) == (alignment.shared < len(old))
    assert all(edit.in_old == alignment.shared for edit in edits[:1])
    assert all(edit.sentence and edit.count > 0 for edit in edits)
