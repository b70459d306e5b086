"""What the soak prints and writes."""

import orjson
from codex_soak import output
from codex_soak.counters import Counters
from codex_soak.plan import SHORT
from codex_soak.promises import judge
from support.observed import SENT, observed


def counters() -> Counters:
    """Return what the clients did."""
    counted = Counters()
    counted.turns.update(SENT)
    counted.events.update({"turn": 2_000, "resume": 31, "branch": 7})
    return counted


def test_the_table_says_what_was_played_and_each_promise() -> None:
    lines = output.render(SHORT, counters(), judge(observed(blocks=5))).splitlines()

    assert lines[0].endswith("2,000 turns; 7 branch, 31 resume.")
    assert "    1,990  responses over http, answered with 200" in lines
    assert [line.split()[0] for line in lines if line.startswith(("kept", "BROKEN"))] == [
        *["kept"] * 3,
        "BROKEN",
        *["kept"] * 4,
    ]
    assert lines[-1] == output.NOTE.splitlines()[-1]


def test_a_line_on_the_way_has_the_figures_of_its_sample() -> None:
    shown = output.progress(observed().after).split()

    assert shown[:3] == ["20.0", "s", "2,000"]
    assert [shown[4], shown[6], shown[8], shown[10]] == ["100.0", "400,000", "8", "2"]


def test_the_result_file_has_each_sample_and_each_promise() -> None:
    seen = observed()
    document = orjson.loads(output.to_json(SHORT, counters(), seen, judge(seen)))

    assert (document["format"], len(document["quiet"]), len(document["busy"])) == (output.FORMAT, 40, 40)
    assert {promise["kept"] for promise in document["promises"]} == {True}
    assert document["turns"][0] == {"endpoint": "responses", "transport": "http", "status": 200, "count": 1_990}
