"""What is said of repair on the page of a turn: the client's words against what was forwarded, and what that saved.

A turn's summary says which parts were repaired, without content. What they said is added to it while it is known.
"""

from collections.abc import Iterator, Sequence

from ..body.json_splice import Json, Object, as_count, as_list, as_text
from ..text import counted, cut, span, wrapped
from ..turn.repaired import Part, RepairedTurn
from ..turn.shape import VOLATILE

_MOST, _LONGEST = 20, 200
"""Parts or notes that are shown, and characters of what each side said."""

_DONE = {
    "tool_order": "the client sent the same tools in another order; the backend got its predecessor's order",
    "spelling": "the client sent the same JSON in other bytes; the backend got its predecessor's bytes",
    "volatile": "the client's differ only in {}; the model was shown what was first sent {} before",
}


def summary_of(repair: RepairedTurn) -> Object:
    """Return what the summary of a turn says of its repair, without content."""
    if not (repair.parts or repair.notes):
        return {}
    parts: list[Json] = [{**_named(part), "kinds": list(part.kinds), "since": part.since} for part in repair.parts]
    return {"repair": {"parts": parts, "notes": list(repair.notes), "saved": repair.saved}}


def with_words(turn_summary: Object, parts: Sequence[Part]) -> Object:
    """Return the summary of a turn with what its repaired parts said."""
    repair = turn_summary.get("repair")
    if not parts or not isinstance(repair, dict):
        return turn_summary
    told: list[Json] = [
        {**known, "sent": list(part.sent), "shown": list(part.shown)}
        for known, part in zip(as_list(repair.get("parts")), parts, strict=False)
        if isinstance(known, dict)
    ]
    return {**turn_summary, "repair": {**repair, "parts": told}}


def repair_lines(turn_summary: Object, width: int) -> Iterator[str]:
    """Yield what a page says of repair, in lines of at most `width` characters; nothing where nothing was repaired."""
    repair = turn_summary.get("repair")
    if not isinstance(repair, dict):
        return
    yield "Repair, by codex_repair: what the client sent, and what was forwarded"
    for part in as_list(repair.get("parts"))[:_MOST]:
        if isinstance(part, dict):
            yield from wrapped(_sentence(part, turn_summary), width, "  - ", "    ")
            yield from _words(part, width)
    for note in as_list(repair.get("notes"))[:_MOST]:
        yield from wrapped(cut(str(note), 2 * _LONGEST), width, "  - ", "    ")
    if saved := as_count(repair.get("saved")):
        yield from wrapped(
            f"As the client sent it, this turn would have re-sent {counted(saved, 'token')}, by what it read.",
            width,
            "  ",
        )


def _named(part: Part) -> Object:
    return {"repair": part.repair, "path": part.path}


def _sentence(part: Object, turn_summary: Object) -> str:
    kinds = [VOLATILE[kind] for kind in map(str, as_list(part.get("kinds"))) if kind in VOLATILE]
    age = _seconds(turn_summary.get("sent_at")) - _seconds(part.get("since"))
    done = _DONE.get(as_text(part.get("repair")), "repaired").format(
        " and ".join(kinds) or "something", span(max(0, age))
    )
    return f"{cut(as_text(part.get('path')), _LONGEST)}: {done} ({cut(as_text(part.get('repair')), _LONGEST)})"


def _words(part: Object, width: int) -> Iterator[str]:
    """Yield what the client said and what was forwarded, where that is known."""
    for label, name in (("client", "sent"), ("forwarded", "shown")):
        if said := ", ".join(map(str, as_list(part.get(name)))):
            yield from wrapped(cut(said, _LONGEST), width, f"    {label:<11}", " " * 15)


def _seconds(value: Json) -> float:
    return value if isinstance(value, int | float) else 0.0
