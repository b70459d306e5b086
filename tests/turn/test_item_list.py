"""Items in columns: heads are compared by bisection, and what is joined is as if it had been made at once."""

from concurrent.futures import ThreadPoolExecutor

from codexcache.turn.item_list import Item, Items, digest
from codexcache.turn.shape import NO_SHAPE, Shape
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop

items = st.lists(
    st.builds(
        Item,
        digest=st.sampled_from([b"a", b"b", b"c"]).map(digest),
        kind=st.sampled_from(["user message", "reasoning"]),
        size=st.integers(0, 99),
        input_index=st.integers(0, 9),
        answer=st.sampled_from([0, 1, -2]),
        shape=st.sampled_from([NO_SHAPE, Shape(1, 2), Shape(-3, 4)]),
    ),
    max_size=12,
)


def naive_head(one: list[Item], other: list[Item]) -> int:
    """Return how many items at the head are the same, one by one."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a.digest != b.digest), min(len(one), len(other)))


@prop
@given(items, items)
def test_the_common_head_is_what_a_comparison_one_by_one_finds(one: list[Item], other: list[Item]) -> None:
    """From either side."""
    found = Items(one).common_prefix_length(Items(other)), Items(other).common_prefix_length(Items(one))

    assert found == (naive_head(one, other), naive_head(one, other))


@prop
@given(items, st.lists(st.tuples(st.integers(0, 99), items), max_size=8))
def test_what_is_appended_to_in_several_ways_is_as_if_each_was_made_at_once(
    first: list[Item], more: list[tuple[int, list[Item]]]
) -> None:
    """Histories branch anywhere, and all that lie before a branch have their columns in common."""
    made = [(Items(first), first)]
    for base, new in more:
        joined, given_items = made[base % len(made)]
        made.append((joined.followed_by(new), [*given_items, *new]))

    for joined, given_items in made:
        whole = Items(given_items)
        assert [joined[n] for n in range(len(joined))] == given_items
        assert [joined.prefix_digest(n) for n in range(len(whole) + 1)] == [
            whole.prefix_digest(n) for n in range(len(whole) + 1)
        ]
        shaped = [(n, *item.shape) for n, item in enumerate(given_items) if item.shape.skeleton]
        assert [*zip(*joined.shapes(), strict=True)] == shaped
        assert (joined.kinds(), joined.size(), joined.digests()) == (whole.kinds(), whole.size(), whole.digests())
        assert joined.common_prefix_length(whole) == len(whole)


def test_of_threads_that_append_to_the_same_items_all_but_one_make_a_copy() -> None:
    base = Items([Item(1, "x", 1, 0)] * 3)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: base.followed_by([Item(number, "x", 1, 3)] * 50), range(64)))

    assert sum(one.arrays is base.arrays for one in made) == 1
    assert [one.digests(3) for one in made] == [[number] * 50 for number in range(64)]


@prop
@given(items, st.integers(0, 12), st.integers(0, 14))
def test_digests_and_sizes_of_a_part_are_those_of_its_items(given: list[Item], start: int, end: int) -> None:
    made = Items(given)

    assert made.digests(start, end) == [item.digest for item in given[start:end]]
    assert made.digests(start) == [item.digest for item in given[start:]]
    assert made.size(end) == sum(item.size for item in given[:end])


@prop
@given(items, st.integers(0, 14))
def test_items_are_split_at_an_index(given: list[Item], index: int) -> None:
    """Also those of a history that another one extends."""
    made = Items(given)
    made.followed_by([Item(1, "x", 1, 99)])
    parts = [given[:index], given[index : index + 1], given[index + 1 :]]

    assert made.split(index) == tuple(
        (len(part), sum(item.size for item in part), part[0].kind, part[0].input_index, part[-1].input_index)
        if part
        else None
        for part in parts
    )
    assert list(made.prefix_digests()) == [made.prefix_digest(count) for count in range(len(given) + 1)]


def test_a_head_stands_for_the_order_of_items_too() -> None:
    a, b = Item(digest(b"a"), "x", 1, 0), Item(digest(b"b"), "x", 1, 0)

    assert Items([a, b]).prefix_digest(2) != Items([b, a]).prefix_digest(2)
    assert Items([a, b]).prefix_digest(1) == Items([a]).prefix_digest(1)
    assert Items().common_prefix_length(Items()) == len(Items()) == Items().size() == Items().prefix_digest(0) == 0
