"""What the soak prints, writes and draws."""

from xml.etree import ElementTree

import orjson
import pytest
from codex_soak import plot, results, table
from codex_soak.arguments import parse
from codex_soak.plan import LONG, SHORT
from codex_soak.tally import Tally
from codex_soak.verdict import judge
from support.soaked import SENT, soaked


def tally() -> Tally:
    """Return what the clients did."""
    counted = Tally()
    counted.turns.update(SENT)
    counted.events.update({"turn": 2_000, "resume": 31, "branch": 7})
    return counted


def test_the_table_says_what_was_played_and_each_promise() -> None:
    lines = table.render(SHORT, tally(), judge(soaked(blocks=5))).splitlines()

    assert lines[0].endswith("2,000 turns; 7 branch, 31 resume.")
    assert "    1,990  responses over http, answered with 200" in lines
    assert [line.split()[0] for line in lines if line.startswith(("kept", "BROKEN"))] == [
        *["kept"] * 3,
        "BROKEN",
        *["kept"] * 4,
    ]
    assert lines[-1] == table.NOTE.splitlines()[-1]


def test_a_line_on_the_way_has_the_figures_of_its_sample() -> None:
    shown = table.progress(soaked().after).split()

    assert shown[:3] == ["20.0", "s", "2,000"]
    assert [shown[4], shown[6], shown[8], shown[10]] == ["100.0", "400,000", "8", "2"]


def test_the_result_file_has_each_sample_and_each_promise() -> None:
    seen = soaked()
    document = orjson.loads(results.to_json(SHORT, tally(), seen, judge(seen)))

    assert (document["format"], len(document["quiet"]), len(document["busy"])) == (results.FORMAT, 40, 40)
    assert {promise["kept"] for promise in document["promises"]} == {True}
    assert document["turns"][0] == {"endpoint": "responses", "transport": "http", "status": 200, "count": 1_990}


def test_the_plot_has_a_line_for_each_figure_inside_of_it() -> None:
    root = ElementTree.fromstring(plot.draw(soaked()))
    lines = [element.get("points", "") for element in root.iter() if element.tag.endswith("polyline")]
    places = [tuple(map(float, point.split(","))) for line in lines for point in line.split()]

    memory, remembered, blocks, descriptors_and_tasks = 2, 2, 1, 4
    assert len(lines) == memory + remembered + blocks + descriptors_and_tasks
    assert all(0 <= x <= float(root.get("width", 0)) for x, _ in places)
    assert all(0 <= y <= float(root.get("height", 0)) for _, y in places)


@pytest.mark.parametrize(("argv", "plan"), [([], SHORT), (["--long"], LONG)])
def test_the_short_profile_is_the_usual_one(argv: list[str], plan: object) -> None:
    assert parse(argv).plan == plan


def test_what_cannot_be_asked_ends_the_program() -> None:
    with pytest.raises(SystemExit):
        parse(["--forever"])
