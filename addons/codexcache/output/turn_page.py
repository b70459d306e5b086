"""All that is known of one turn, as a page of text: the verdict, what to do, what it cost, what differs, and where.

It is made of the turn's summary, which is content-free, and of the first difference, which is looked up when it is
asked for. A summary may come out of a file that anyone could have written, so it is not trusted: what is no count or no
list is left out, and text is cut and made visible.
"""

from collections.abc import Iterable, Iterator, Sequence

from ..body.json_splice import Json, Object, as_count, as_list, is_count
from ..diagnosis.alignment import DROPPED, INSERTED, MOVED, REWRITTEN, SHORTENED
from ..text import (
    WIDEST,
    WIDTH,
    columns,
    counted,
    cut,
    facts,
    local_clock,
    minutes,
    number,
    percent,
    with_symbols,
    wrapped,
)
from ..verdicts import VERDICT_TABLE
from .counter_names import CACHED, INPUT, OUTPUT
from .first_difference import Difference, difference_lines
from .prompt_parts import CHANGED, MOVED_AWAY, NEW, SAME
from .repair_lines import repair_lines
from .response_facts import limit_lines, response_facts

_ABSENT = "n/a"

_LARGEST = 1 << 63
"""No summary that the addon made has larger numbers."""

_LONGEST, _MOST = 2_000, 100
"""Characters of a text, and parts or differences, that are shown; a summary that the addon made has fewer."""

_NAME, _VALUE = 22, 13
"""Characters that are shown of a name and of a pseudonym, so that two of these fit next to a name."""

BEHIND, EDITED = "behind", "edited"
"""States that are shown of what follows the first difference: as before all the same, or not."""

_EDITS = dict.fromkeys((EDITED, SHORTENED, REWRITTEN, MOVED), "◇")
GLYPHS = {SAME: "█", CHANGED: "◆", BEHIND: "░", **_EDITS, DROPPED: "□", MOVED_AWAY: "□", INSERTED: "▒", NEW: "▒"}
_GONE = (DROPPED, MOVED_AWAY)
_BREAKS = {CHANGED, INSERTED, *_GONE, *_EDITS}
LABELS = {SAME: "as before", CHANGED: "first difference", BEHIND: "unchanged behind it"}
"""What a glyph means, in the legend and in the table; other states are called by their names."""

_LEGEND = {**LABELS, EDITED: "edited", DROPPED: "dropped or moved away", NEW: "new"}
_LONGEST_LABEL = max(map(len, LABELS.values()))
_BETWEEN = 6
"""Columns of a line of the table that are no name, size or word: a glyph, and gaps."""

type PromptPart = tuple[str, int, str]
"""A part of a prompt: its name, its bytes, its state."""


def page(turn_summary: Object, difference: Difference | str | None = None, width: int = WIDTH) -> str:
    """Return the page of a turn, in lines of at most `width` characters if the addon made the summary.

    `difference` is the first difference from the predecessor, or a sentence that says why it cannot be shown.
    """
    sections = (
        _headline(turn_summary, width),
        _advice(turn_summary, width),
        (*_counters(turn_summary), *limit_lines(turn_summary, width)),
        _prompt(turn_summary, width),
        _differences(turn_summary, width),
        difference_lines(difference, width),
        _identity(turn_summary),
        _edits(turn_summary, width),
        repair_lines(turn_summary, width),
        _predecessor(turn_summary),
    )
    return joined(sections)


def joined(sections: Iterable[Iterable[str]]) -> str:
    """Join sections with a line holding one space: mitmweb gives an empty line no height."""
    return "\n \n".join("\n".join(map(with_symbols, lines)) for section in sections if (lines := list(section)))


def title(turn_summary: Object) -> str:
    """Return a turn's verdict, marked if it is a miss; of a turn that is still to leave, what is predicted."""
    verdict = _short(turn_summary.get("verdict", _ABSENT))
    if _is_held(turn_summary):
        return f"held, heading for {verdict}"
    return f"{'miss: ' if turn_summary.get('is_miss') else ''}{verdict}"


def first_words(length: int | None) -> str:
    """Return what is said of a conversation's first words, "" where they are not known: how long they are."""
    return f"first words: {counted(length, 'character')}" if length else ""


def clock(seconds: Json) -> str:
    """Return the local time of day."""
    at = measured(seconds)
    return _ABSENT if at is None else local_clock(at)


def cached_share(turn_summary: Object) -> str:
    """Return the cached share of the input tokens."""
    given, cached = as_count(turn_summary.get(INPUT)), as_count(turn_summary.get(CACHED))
    return percent(cached / given if given and cached is not None else None)


def measured(value: Json) -> float | None:
    """Return a number that a summary can hold, None for anything else: infinity, or hundreds of digits."""
    return value if isinstance(value, int | float) and -_LARGEST < value < _LARGEST else None


def _headline(turn_summary: Object, width: int) -> Iterator[str]:
    yield from _wrapped(title(turn_summary), width)
    yield from _wrapped(str(turn_summary.get("because", "")), width)
    known = (
        f"turn {turn_summary.get('turn', _ABSENT)}",
        clock(turn_summary.get("sent_at")),
        turn_summary.get("client"),
        turn_summary.get("model"),
        "WebSocket" if turn_summary.get("transport") == "websocket" else "HTTP",
        turn_summary.get("endpoint"),
        f"status {turn_summary.get('status') or _ABSENT}",
        f"mode {turn_summary.get('mode', _ABSENT)}",
        *response_facts(turn_summary),
        f"conversation {_short(turn_summary['conversation'])}" if turn_summary.get("conversation") else "",
        first_words(as_count(turn_summary.get("first_words_length"))),
    )
    yield from facts((str(fact) for fact in known if fact), width)
    if _is_held(turn_summary):
        how = turn_summary.get("releasing") or "edit it, resume it or kill it"
        yield from _wrapped(f"It has not left yet: {how}.", width)


def _is_held(turn_summary: Object) -> bool:
    return "ended_at" in turn_summary and turn_summary["ended_at"] is None


def _counters(turn_summary: Object) -> Iterator[str]:
    rows = (
        ("input", INPUT, ""),
        ("cached", CACHED, f"{cached_share(turn_summary)} of the input"),
        ("reusable", "reusable_tokens", "could still be read, estimated"),
        ("re-sent", "resent_tokens", f"{_blame(turn_summary)}not read, estimated"),
        ("output", OUTPUT, ""),
    )
    if _is_held(turn_summary):
        return
    is_compared = turn_summary.get("reusable_tokens") is not None and CACHED in turn_summary
    counts = {name: as_count(turn_summary.get(name)) for _, name, _ in rows}
    counts["resent_tokens"] = counts["resent_tokens"] if is_compared else None
    yield "Tokens"
    yield from _indented(
        (label, number(counts[name]), "" if counts[name] is None else note) for label, name, note in rows
    )


def _blame(turn_summary: Object) -> str:
    """Return whose doing it was that tokens were re-sent, to be put before a note."""
    blame = turn_summary.get("blame")
    return f"{blame}: " if blame in ("avoidable", "expected", "outside") else ""


def _prompt(turn_summary: Object, width: int) -> Iterator[str]:
    if parts := parts_of(turn_summary.get("prompt_parts")):
        yield "Prompt, in the order in which the cache reads it"
        yield from bar_lines(parts, width)


def parts_of(value: Json) -> list[PromptPart]:
    """Return the parts of a prompt that a summary lists."""
    rows = [row for row in as_list(value)[:_MOST] if isinstance(row, list) and len(row) == 3]
    return [(_short(name), size, _short(state)) for name, size, state in rows if is_count(size)]


def _identity(turn_summary: Object) -> Iterator[str]:
    if identity := _dict(turn_summary.get("identity")):
        yield "Identity, ids as short hashes, against the predecessor's"
        yield from _indented(_identity_row(name, pair) for name, pair in identity.items())


def _identity_row(name: str, pair: Json) -> tuple[str, str, str]:
    shown, state = pair if isinstance(pair, list) and len(pair) == 2 else (pair, "")
    return cut(name, _NAME), _short(shown or "-"), cut(str(state), _VALUE)


def _edits(turn_summary: Object, width: int) -> Iterator[str]:
    """Yield what the client sent and what was forwarded, and what this addon had to do with it."""
    sent, forwarded = _dict(turn_summary.get("client_sent")), _dict(turn_summary.get("forwarded"))
    if not sent and not forwarded:
        return
    yield "What the client sent, and what was forwarded"
    names = dict.fromkeys((*sent, *forwarded))
    yield from _indented(_edit_row(name, sent.get(name), forwarded.get(name)) for name in names)
    changed = ", ".join(map(str, as_list(turn_summary.get("changed")))) or "none"
    yield from _wrapped(f"Edits of this addon: {changed}.", width, "  ")
    if turn_summary.get("edited"):
        yield "  It was edited after this addon had seen it."
    continued = ", kept from an earlier turn" if turn_summary.get("continued") else ""
    yield from _wrapped(f"The key comes from: {turn_summary.get('key_source', _ABSENT)}{continued}.", width, "  ")


def _edit_row(name: str, was: Json, now: Json) -> tuple[str, str, str, str]:
    edit = "" if was == now else "added" if was is None else "removed" if now is None else "replaced"
    return cut(name, _NAME), cut(str(was or "absent"), _VALUE), cut(str(now or "absent"), _VALUE), edit


def _predecessor(turn_summary: Object) -> Iterator[str]:
    if turn_summary.get("predecessor") is None:
        yield "Predecessor: none is known."
        return
    at, sent_at = measured(turn_summary.get("predecessor_at")), measured(turn_summary.get("sent_at"))
    earlier = "" if at is None or sent_at is None else f", sent {_span(sent_at - at)} before"
    where = " of an earlier start, or of another proxy" if turn_summary.get("predecessor_run") else ""
    yield f"Predecessor: turn {_short(turn_summary['predecessor'])}{where}{earlier}."


def _differences(turn_summary: Object, width: int) -> Iterator[str]:
    if turn_summary.get("predecessor") is not None:
        known = as_list(turn_summary.get("differences"))[:_MOST]
        yield from listed([cut(str(difference), _LONGEST) for difference in known], width)


def listed(differences: Sequence[str], width: int) -> Iterator[str]:
    """Yield lines of at most `width` characters that list all differences of two turns."""
    yield "Every difference" if differences else "Every difference: none."
    for difference in differences:
        yield from wrapped(difference, width, "  - ", "    ")


def _advice(turn_summary: Object, width: int) -> Iterator[str]:
    if entry := VERDICT_TABLE.get(str(turn_summary.get("verdict"))):
        yield "What to do"
        if repairs := ",".join(map(str, as_list(turn_summary.get("preventing"))[:_MOST])):
            said = f"Set codex_repair={repairs}: then what says the same leaves with the bytes that are cached. Or:"
            yield from _wrapped(said, width, "  ")
        yield from _wrapped(entry.full_advice, width, "  ")
        yield "How the next turn tells"
        yield from _wrapped(entry.success, width, "  ")


def _indented(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    return (f"  {line}" for line in columns([[with_symbols(cell) for cell in row] for row in rows]))


def _span(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    if seconds < 120:
        return f"{seconds:.1f} seconds"
    return minutes(seconds)


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return wrapped(cut(text, _LONGEST), width, indent)


def _short(value: Json) -> str:
    return cut(str(value), WIDEST)


def _dict(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def bar_lines(parts: Sequence[PromptPart], width: int) -> Iterator[str]:
    """Yield the bar, its legend and its table, indented, in lines of at most `width` characters."""
    yield f"  {bar(parts, width - 2)}"
    yield from (f"  {line}" for line in (*legend(parts, width - 2), *table(parts, width - 2)))


def legend(parts: Sequence[PromptPart], width: int) -> Iterator[str]:
    """Yield what the glyphs mean that these parts are drawn with."""
    glyphs = {GLYPHS.get(state) for _, _, state in _as_shown(parts)}
    return facts((f"{GLYPHS[state]} {_LEGEND[state]}" for state in _LEGEND if GLYPHS[state] in glyphs), width, "   ")


def bar(parts: Sequence[PromptPart], width: int) -> str:
    """Return the bar, `width` glyphs long: each part that is not empty has at least one, as far as `width` allows."""
    known = [(0 if state in _GONE else size, state) for _, size, state in _as_shown(parts)]
    shown = [(size, state) for size, state in known if size or state in (CHANGED, *_GONE)]
    lengths = _lengths([size for size, _ in shown], width)
    return "".join(_glyphs(state, length) for (_, state), length in zip(shown, lengths, strict=True))[:width]


def table(parts: Sequence[PromptPart], width: int) -> list[str]:
    """Return a line for each part: its glyph, name and size, and in the legend's words what the bar shows."""
    shown = list(_as_shown(parts))
    sizes = [f"{size:,} bytes" for _, size, _ in shown]
    labels = [LABELS.get(state, cut(state, _LONGEST_LABEL)) for _, _, state in shown]
    longest = max(1, width - _BETWEEN - max(map(len, sizes)) - max(map(len, labels)))
    names = [f"{GLYPHS.get(state, '?')} {cut(name, longest)}" for name, _, state in shown]
    return columns(list(zip(names, sizes, labels, strict=True)))


def _as_shown(parts: Sequence[PromptPart]) -> Iterator[PromptPart]:
    """Yield the parts in the states that are shown: what follows the first difference was not read, equal or not."""
    behind, broken = {SAME: BEHIND, CHANGED: EDITED}, False
    for name, size, state in parts:
        yield name, size, behind.get(state, state) if broken else state
        broken = broken or state in _BREAKS


def _lengths(sizes: Sequence[int], width: int) -> list[int]:
    """Return how many glyphs each part has; the largest has more or fewer, so that all have `width`."""
    total = sum(sizes) or 1
    lengths = [max(1, round(size * width / total)) for size in sizes]
    if lengths:
        lengths[lengths.index(max(lengths))] += width - sum(lengths)
    return lengths


def _glyphs(state: str, count: int) -> str:
    """Return the glyphs of one part; of one that differs, only the first marks the difference."""
    if state == CHANGED:
        return GLYPHS[CHANGED] + GLYPHS[BEHIND] * (count - 1)
    return GLYPHS.get(state, "?") * count
