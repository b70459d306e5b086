"""Whatever is shown of a turn can neither steer a terminal, nor turn text around, nor be taken for code."""

import re
from collections.abc import Iterable, Iterator, Mapping

import orjson
from codexcache.body.json_splice import Object
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.notify import relabel
from codexcache.output.compare import compare
from codexcache.output.first_difference import first_difference_in_prompt
from codexcache.output.journal import Entries, Pseudonyms
from codexcache.output.tables import aligned, conversations_table, turns_table
from codexcache.output.terminal import Summary, turn_line
from codexcache.output.turn_page import page
from codexcache.output.turn_summary import turn_summary
from codexcache.report.load import read_row
from codexcache.telemetry.attributes import Telemetry
from codexcache.text import WIDTH
from codexcache.turn.items import given_items
from mitmproxy.test import tflow

from codex_fuzz.oracles.bodies import read_object

_FORMULA = re.compile(r"[=+@]|-.")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_WHOLE_64 = 1 << 63


def check_finding(diagnosis: Diagnosis) -> Object:
    """Check all that is said of a turn: line, journal, turn_summary, comment, telemetry; return the turn_summary."""
    pseudonyms = Pseudonyms(b"a secret")
    entry = Entries(pseudonyms, "a run").entry(diagnosis)
    shown, summary, flow = turn_summary(diagnosis, entry, pseudonyms), Summary(), tflow.tflow()
    summary.add(diagnosis)
    relabel(flow, [shown])
    check_harmless([turn_line(diagnosis), _COLOUR.sub("", turn_line(diagnosis, colour=True)), *summary.lines()])
    check_harmless([flow.comment, flow.marked, *_texts(entry)])
    _check_turn_summaries([shown])
    assert read_row(orjson.loads(orjson.dumps(entry))) is not None, "the reader does not know what the journal says"
    _check_telemetry(diagnosis, entry)
    return shown


def check_turn_summary(data: bytes) -> None:
    """A turn_summary may come out of a file that anyone has written: it is shown, whatever it says."""
    if (known := read_object(data)) is not None:
        many = known.get("many")
        turns = many if isinstance(many, list) else []
        _check_turn_summaries([known, *(turn for turn in turns if isinstance(turn, dict))])


def _check_turn_summaries(known: list[Object]) -> None:
    check_harmless(map(page, known))
    for table in (turns_table(known), conversations_table(known)):
        check_cells(cell for row in (*table, *aligned(table, WIDTH)) for cell in row)
    check_harmless([compare({}, known[0], {"input": "x"}, known[-1])])


def check_first_difference(data: bytes) -> None:
    """Two prompts, a line each, are compared whatever they are; the same one has no difference."""
    first, _, second = data.partition(b"\n")
    if (was := read_object(first)) is None or (now := read_object(second)) is None:
        return
    assert first_difference_in_prompt(was, was) is None, "it differs from itself"
    found = first_difference_in_prompt(was, now)
    if found:
        check_harmless([found.path, found.context, found.was, found.now, found.kind])
    check_harmless([compare(was, {}, now, {})])
    assert found is None or given_items(was) or given_items(now) or was != now


def check_harmless(texts: Iterable[str]) -> None:
    """Check text that is shown: nothing in it but what prints, line ends, and no change of direction."""
    for text in texts:
        odd = [character for character in text.replace("\n", "") if not character.isprintable()]
        assert not odd, f"it can steer a terminal: {odd[0]!r} in {text[:200]!r}"


def check_cells(cells: Iterable[str]) -> None:
    """Check cells of a table that can be saved for a spreadsheet."""
    for cell in cells:
        check_harmless([cell])
        assert "\n" not in cell, f"a cell of two lines: {cell[:200]!r}"
        assert not _FORMULA.match(cell), f"a spreadsheet would take it for a formula: {cell[:200]!r}"


def _check_telemetry(diagnosis: Diagnosis, entry: Object) -> None:
    report = Telemetry().report(diagnosis, entry, 443)
    measured = [{**measurement.attributes, "value": measurement.value} for measurement in report.measurements]
    for values in ({**report.attributes, "span": report.name}, *measured):
        check_harmless(_texts(values))
        for name, value in values.items():
            assert not isinstance(value, int | float) or abs(value) < _WHOLE_64, f"no collector takes {name} = {value}"


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    inner = (
        [*value, *value.values()] if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else []
    )
    for each in inner:
        yield from _texts(each)
