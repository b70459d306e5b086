"""Bodies that others may start with are found by what they begin with, the longest first, and are bounded in bytes."""

from codexcache.body.cache import PrefixCache
from codexcache.body.incremental import CachedBody, cached_body, read_whole
from codexcache.body.json_splice import Json

FILLER = "Be brief. " * 60


def body(*items: str, filler: str = FILLER) -> bytes:
    return f'{{"instructions":"{filler}","input":[{",".join(items)}],"stream":true}}'.encode()


def known(text: bytes) -> CachedBody[Json]:
    """Return what is remembered of a body."""
    found = cached_body(read_whole(text), None, (), {}, None)
    assert found is not None
    return found


def holding(*kept: CachedBody[Json], limit: int = 1 << 20) -> PrefixCache[Json]:
    shelf = PrefixCache[Json](limit)
    for one in kept:
        shelf.put(one)
    return shelf


def test_what_a_body_starts_with_is_found_the_longest_first() -> None:
    long, short = '"' + "a" * 200 + '"', known(body("1"))
    longer = known(body("1", long))

    assert list(holding(short, longer).prefixes_of(body("1", long, "3"))) == [longer, short]


def test_what_begins_otherwise_is_not_found() -> None:
    assert list(holding(known(body("1"))).prefixes_of(body("1", filler="Be kind.. " * 60))) == []


def test_of_two_that_cannot_be_told_apart_where_they_stand_the_later_one_is_kept() -> None:
    first, second = known(body("1")), known(body("2"))
    shelf = holding(first, second)

    assert (len(shelf), shelf.size) == (1, second.cost)
    assert list(shelf.prefixes_of(body("1", "3"))) == []
    assert list(shelf.prefixes_of(body("2", "3"))) == [second]


def test_what_is_dropped_is_gone_and_told_whether_it_was_there() -> None:
    one, another = known(body("1")), known(body("2"))
    shelf = holding(one)

    assert [shelf.drop(another), shelf.drop(one), shelf.drop(one)] == [False, True, False]
    assert (len(shelf), shelf.size) == (0, 0)


def test_the_oldest_go_for_the_latest() -> None:
    kept = [known(body("1", filler=f"{number:06}" * 100)) for number in range(100)]
    shelf = holding(*kept, limit=20 * kept[0].cost)

    assert shelf.size <= 20 * kept[0].cost
    assert [bool(list(shelf.prefixes_of(one.prefix_bytes.obj))) for one in (kept[0], kept[79], kept[80], kept[99])] == [  # type: ignore[arg-type]
        False,
        False,
        True,
        True,
    ]


def test_what_would_fill_more_than_a_quarter_is_not_kept() -> None:
    one = known(body("1"))

    assert [len(holding(one, limit=limit)) for limit in (4 * one.cost - 1, 4 * one.cost)] == [0, 1]
