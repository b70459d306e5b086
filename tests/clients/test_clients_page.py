"""docs/clients.md says of each client what its tests go by."""

import pytest
from client_tests import page
from client_tests.cases import ROWS, Row
from client_tests.install import SDK
from client_tests.library_cases import LIBRARIES, Library


@pytest.mark.parametrize("row", [row for row in ROWS if "regular" in row.ways], ids=str)
def test_the_row_of_an_agent(row: Row) -> None:
    over, _, adds, hears, _ = page.cells(str(row))

    assert (over, adds, hears) == (page.over(row), page.adds(row), page.names(row.hears))


@pytest.mark.parametrize("library", LIBRARIES, ids=str)
def test_the_row_of_a_library(library: Library) -> None:
    _, changes, hears, *_ = page.cells(str(library))

    assert (changes, hears) == (page.names(library.changes), page.names([library.hears]))


def test_the_version_of_the_sdk() -> None:
    assert page.cells(f"openai {SDK}")
