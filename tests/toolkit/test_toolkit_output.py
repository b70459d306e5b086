"""The toolkit's tables, results files and prompts."""

from dataclasses import dataclass

import orjson
from toolkit import prompts
from toolkit.output import row, table, to_json


def test_names_stand_to_the_left_and_figures_to_the_right_and_a_row_keeps_its_columns_as_far_as_it_can() -> None:
    assert table([("size", "ratio"), ("1 MB", "1.02"), ("200 KB", "-")]) == [
        "size    ratio",
        "1 MB     1.02",
        "200 KB      -",
    ]
    assert row(["a longer name", "1", ""], [6, 3, 4], left=2) == "a longer name  1"


def test_a_results_file_says_when_it_was_made_and_on_what() -> None:
    @dataclass(frozen=True, slots=True)
    class Figure:
        seconds: float

    document = orjson.loads(to_json(3, figures=[Figure(1.5)]))

    assert (document["format"], document["figures"]) == (3, [{"seconds": 1.5}])
    assert document["made"].endswith("+00:00")
    assert set(document["machine"]) == {"python", "mitmproxy", "orjson", "system", "processor", "cores"}


def test_questions_differ_and_instructions_are_the_same_several_thousand_tokens_in_every_turn() -> None:
    assert prompts.body([])["instructions"] == prompts.body([prompts.question(1)])["instructions"]
    assert 4000 < len(prompts.instructions()) // 4 < 8000
    assert len({prompts.question(turn)["content"] for turn in range(1, 9)}) == 8
    assert set(prompts.body([])) == {"model", "instructions", "input", "store", "stream"}
