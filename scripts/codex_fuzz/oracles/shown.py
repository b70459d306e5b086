"""Whatever is shown of a turn can neither steer a terminal, nor turn text around, nor be taken for code."""

import re
from collections.abc import Iterable, Iterator

import orjson
from codexcache.causes.finding import Finding
from codexcache.proxy.telling import relabel
from codexcache.report.rows import read_row
from codexcache.telemetry.vocabulary import Telemetry
from codexcache.turns.items import given_items
from codexcache.wire.document import Object
from codexcache.words.comparing import compare
from codexcache.words.excerpt import first_break
from codexcache.words.fingerprint import Fingerprints
from codexcache.words.journal import Entries
from codexcache.words.layout import WIDTH
from codexcache.words.line import turn_line
from codexcache.words.overview import aligned, conversations_table, turns_table
from codexcache.words.page import page
from codexcache.words.portrait import portrait
from codexcache.words.summary import Summary
from mitmproxy.test import tflow

from codex_fuzz.oracles.bodies import read_object

_FORMULA = re.compile(r"[=+@]|-.")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_WHOLE_64 = 1 << 63


def check_finding(finding: Finding) -> Object:
    """Check all that is said of a turn: line, journal, portrait, comment, telemetry; return the portrait."""
    fingerprints = Fingerprints(b"a secret")
    entry = Entries(fingerprints, "a run").entry(finding)
    shown = portrait(finding, entry, fingerprints)
    summary = Summary()
    summary.add(finding)
    check_harmless([turn_line(finding), _COLOUR.sub("", turn_line(finding, colour=True)), *summary.lines()])
    _check_journal(entry)
    check_portraits([shown])
    flow = tflow.tflow()
    relabel(flow, [shown])
    check_harmless([flow.comment, flow.marked])
    _check_telemetry(finding, entry)
    return shown


def check_portrait(data: bytes) -> None:
    """A portrait may come out of a file that anyone has written: it is shown, whatever it says."""
    if (known := read_object(data)) is not None:
        many = known.get("many")
        check_portraits([known, *(turn for turn in (many if isinstance(many, list) else []) if isinstance(turn, dict))])


def check_portraits(known: list[Object]) -> None:
    """Check pages and tables of portraits."""
    check_harmless(map(page, known))
    for table in (turns_table(known), conversations_table(known)):
        check_cells(cell for row in table for cell in row)
        check_cells(cell for row in aligned(table, WIDTH) for cell in row)
    check_harmless([compare({}, known[0], {"input": "x"}, known[-1])])


def check_excerpt(data: bytes) -> None:
    """Two prompts, a line each, are compared whatever they are; the same one has no difference."""
    first, _, second = data.partition(b"\n")
    if (was := read_object(first)) is None or (now := read_object(second)) is None:
        return
    assert first_break(was, was) is None, "it differs from itself"
    found = first_break(was, now)
    if found:
        check_harmless([found.place, found.before, found.was, found.now, found.kind])
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


def _check_journal(entry: Object) -> None:
    line = orjson.dumps(entry)
    assert b"\n" not in line
    assert read_row(orjson.loads(line)) is not None, "the reader does not know what the journal says"
    check_harmless(_texts(entry))


def _check_telemetry(finding: Finding, entry: Object) -> None:
    report = Telemetry().report(finding, entry, 443)
    check_harmless([report.name, *_texts(list(report.attributes.values()))])
    for name, value in report.attributes.items():
        assert not isinstance(value, int) or abs(value) < _WHOLE_64, f"no collector takes {name} = {value}"
    for measurement in report.measurements:
        check_harmless(_texts(list(measurement.attributes.values())))
        assert abs(measurement.value) < _WHOLE_64, f"no collector takes {measurement}"


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    for each in inner:
        yield from _texts(each)
