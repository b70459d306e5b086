"""Bodies that others may start with are found by what they begin with, the longest first, and are bounded in bytes."""

from codexcache.body.cache import PrefixCache
from codexcache.body.incremental import CachedBody
from codexcache.body.json_splice import Json
from support.bodies import known, text_of


def holding(*kept: CachedBody[Json], limit: int = 1 << 20) -> PrefixCache[Json]:
    cache = PrefixCache[Json](limit)
    for one in kept:
        cache.put(one)
    return cache


def test_what_a_body_starts_with_is_found_the_longest_first() -> None:
    long, short = '1,"' + "a" * 200 + '"', known(text_of("1"))
    longer = known(text_of(long))

    assert list(holding(short, longer).prefixes_of(text_of(f"{long},3"))) == [longer, short]
    assert list(holding(short).prefixes_of(text_of("1", f'"instructions":"{"Be kind.. " * 60}"'))) == []


def test_of_two_that_cannot_be_told_apart_where_they_stand_the_later_one_is_kept() -> None:
    first, second = known(text_of("1")), known(text_of("2"))
    cache = holding(first, second)

    assert (len(cache), cache.size) == (1, second.cost)
    assert list(cache.prefixes_of(text_of("1,3"))) == []
    assert list(cache.prefixes_of(text_of("2,3"))) == [second]


def test_what_is_dropped_is_gone_and_told_whether_it_was_there() -> None:
    one, another = known(text_of("1")), known(text_of("2"))
    cache = holding(one)

    assert [cache.drop(another), cache.drop(one), cache.drop(one)] == [False, True, False]
    assert (len(cache), cache.size) == (0, 0)


def test_the_oldest_go_for_the_latest() -> None:
    kept = [known(text_of("1", f'"instructions":"{f"{number:06}" * 100}"')) for number in range(100)]
    cache = holding(*kept, limit=20 * kept[0].cost)

    assert cache.size <= 20 * kept[0].cost
    found = [
        bool(list(cache.prefixes_of(bytes(one.prefix_bytes) + b"]}")))
        for one in (kept[0], kept[79], kept[80], kept[99])
    ]
    assert found == [False, False, True, True]


def test_what_would_fill_more_than_a_quarter_is_not_kept() -> None:
    one = known(text_of("1"))

    assert [len(holding(one, limit=limit)) for limit in (4 * one.cost - 1, 4 * one.cost)] == [0, 1]
