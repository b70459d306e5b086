"""The proxies have a core of their own, and this process gets its cores back."""

import os
import subprocess
import sys

import pytest
from codex_bench.arms import separate_cores

NEEDED = "sched_getaffinity"
several = pytest.mark.skipif(
    not hasattr(os, NEEDED) or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)


@several
def test_another_process_gets_the_core_that_this_one_leaves() -> None:
    before = os.sched_getaffinity(0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        with separate_cores() as to_its_core:
            to_its_core(other.pid)
            mine, its = os.sched_getaffinity(0), os.sched_getaffinity(other.pid)
        other.kill()

    assert mine | its == before
    assert (len(its), mine & its) == (1, set())
    assert os.sched_getaffinity(0) == before


@several
def test_a_process_that_has_ended_is_nobodys_matter() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        other.wait()
    with separate_cores() as to_its_core:
        to_its_core(other.pid)


@pytest.mark.parametrize("cores", [None, {0}])
def test_where_there_is_nothing_to_divide_all_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch, cores: set[int] | None
) -> None:
    if cores is None:
        monkeypatch.delattr(os, NEEDED, raising=False)
    else:
        monkeypatch.setattr(os, NEEDED, lambda pid: cores, raising=False)
    with separate_cores() as to_its_core:
        to_its_core(os.getpid())
