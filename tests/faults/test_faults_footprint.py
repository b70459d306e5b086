"""A proxy's footprint before and after."""

from codex_faults.footprint import Footprint, Return


def footprint(memory: int | None = 100, descriptors: int | None = 10, *tasks: str) -> Footprint:
    """Return a footprint."""
    return Footprint(memory=memory, descriptors=descriptors, tasks=tasks)


def problems(base: Footprint, after: Footprint, bare: tuple[int, int] = (100, 100)) -> list[str]:
    """Return what has not come back, compared with a bare proxy whose memory was this before and after."""
    compared = Return(base=footprint(bare[0]), after=footprint(bare[1]))
    return list(Return(base=base, after=after).problems(compared))


def test_a_tenth_more_memory_is_taken_for_nothing() -> None:
    assert problems(footprint(100), footprint(110)) == []
    assert problems(footprint(100), footprint(111)) == ["memory is 1.11 times what it was (at most 1.10)"]


def test_where_the_bare_proxy_grows_the_addon_may_grow_with_it() -> None:
    assert problems(footprint(100), footprint(130), bare=(100, 120)) == []
    assert problems(footprint(100), footprint(133), bare=(100, 120)) == [
        "memory is 1.33 times what it was (at most 1.32)"
    ]


def test_where_the_bare_proxy_shrinks_the_addon_need_not() -> None:
    assert problems(footprint(100), footprint(110), bare=(100, 50)) == []


def test_descriptors_and_tasks_have_to_come_back() -> None:
    said = problems(footprint(100, 10, "a"), footprint(100, 12, "a", "a", "b"))

    assert said == ["12 descriptors are open; before there were 10", "2 tasks are left: a, b"]


def test_what_a_system_does_not_tell_is_not_judged() -> None:
    unknown = footprint(None, None, "a")

    assert problems(unknown, unknown) == []
    assert Return(base=unknown, after=unknown).ratio is None


def test_less_than_before_is_within() -> None:
    assert footprint(200, 9, "a").is_within(footprint(100, 10, "a"))
    assert not footprint(100, 11, "a").is_within(footprint(100, 10, "a"))
    assert not footprint(100, 10, "a", "b").is_within(footprint(100, 10, "a"))
