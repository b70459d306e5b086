"""All that is known of one turn, as a page of text: believe it, what it was, what it cost, why, and what to do.

It is made of the turn's portrait, which is content-free, and of an excerpt that is looked up when somebody asks. A
portrait may come out of a file that anyone could have written, so it is read with suspicion and shown defused.
"""

import datetime
import textwrap
from collections.abc import Iterable, Iterator

from ..phrases import minutes
from ..visible import with_symbols as visible
from ..wire.document import Json, Object, is_count
from .advice import ADVICE
from .excerpt import Excerpt
from .signature import LEGEND, Part, strip, table

WIDTH = 88
_STRIP = 72
_ABSENT = "n/a"

_LARGEST = 1 << 63
"""Numbers beyond are none of ours."""

_LONGEST, _MOST = 2_000, 100
"""Characters of a text, and parts or differences, that are shown of a portrait; ours have fewer."""


def page(portrait: Object, looked_up: Excerpt | str | None = None) -> str:
    """Return the page of a turn; `looked_up` is the first difference, or a sentence that says why there is none."""
    sections = (
        _headline(portrait),
        _counters(portrait),
        _prompt(portrait),
        _differences(portrait),
        excerpt_lines(looked_up),
        _advice(portrait),
        _identity(portrait),
        _envelope(portrait),
        _predecessor(portrait),
    )
    return joined(sections)


def joined(sections: Iterable[Iterable[str]]) -> str:
    """Join sections with a line holding one space: mitmweb gives an empty line no height."""
    return "\n \n".join("\n".join(map(visible, lines)) for section in sections if (lines := list(section)))


def title(portrait: Object) -> str:
    """Return a turn's verdict, as a miss where it is one; of a turn that is still to leave, what is foreseen."""
    verdict = _short(portrait.get("verdict", _ABSENT))
    if _is_held(portrait):
        return f"held, heading for {verdict}"
    return f"{'miss: ' if portrait.get('is_miss') else ''}{verdict}"


def clock(seconds: Json) -> str:
    """Return the local time of day."""
    at = measured(seconds)
    try:
        return _ABSENT if at is None else datetime.datetime.fromtimestamp(at).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):  # the system's calendar does not go that far
        return _ABSENT


def number(value: Json) -> str:
    """Return a counter; one that is absent is not 0."""
    return f"{value:,}" if is_count(value) else _ABSENT


def share(portrait: Object) -> str:
    """Return the cached share of the input tokens."""
    given, cached = portrait.get("gen_ai.usage.input_tokens"), portrait.get("gen_ai.usage.cache_read.input_tokens")
    return f"{cached / given:.0%}" if is_count(given) and is_count(cached) and given else _ABSENT


def measured(value: Json) -> float | None:
    """Return a number as a portrait of ours can hold it, None for anything else: infinity, or hundreds of digits."""
    return value if isinstance(value, int | float) and -_LARGEST < value < _LARGEST else None


def excerpt_lines(looked_up: Excerpt | str | None) -> Iterator[str]:
    """Yield both sides of the first difference, or why they cannot be shown."""
    if isinstance(looked_up, str):
        yield from _wrapped(f"First difference: {looked_up}")
    elif looked_up:
        where = f" in {looked_up.place}" if looked_up.place else ""
        yield f"First difference{where}, from character {looked_up.offset:,} on: {looked_up.kind}"
        yield f"  both   {looked_up.before}"
        yield f"  was  ▸ {looked_up.was}"
        yield f"  now  ▸ {looked_up.now}"


def _headline(portrait: Object) -> Iterator[str]:
    yield title(portrait)
    yield from _wrapped(str(portrait.get("because", "")))
    transport = "WebSocket" if portrait.get("transport") == "websocket" else "HTTP"
    facts = (
        f"turn {portrait.get('turn', _ABSENT)}",
        clock(portrait.get("sent_at")),
        portrait.get("client"),
        portrait.get("model"),
        transport,
        portrait.get("endpoint"),
        f"status {portrait.get('status') or _ABSENT}",
        f"mode {portrait.get('mode', _ABSENT)}",
    )
    yield from _wrapped(" · ".join(str(fact) for fact in facts if fact))
    if _is_held(portrait):
        yield "It has not left yet: edit it, resume it or kill it."


def _is_held(portrait: Object) -> bool:
    return "ended_at" in portrait and portrait["ended_at"] is None


def _counters(portrait: Object) -> Iterator[str]:
    yield "Tokens"
    yield _row("input", number(portrait.get("gen_ai.usage.input_tokens")))
    yield _row(
        "cached", number(portrait.get("gen_ai.usage.cache_read.input_tokens")), f"{share(portrait)} of the input"
    )
    yield _row("reusable", number(portrait.get("reusable_tokens")), "of the predecessor's prompt, an estimate")
    resent = portrait.get("resent_tokens") if _is_known(portrait) else None
    yield _row("re-sent", number(resent), "could have been read, an estimate")
    yield _row("output", number(portrait.get("gen_ai.usage.output_tokens")))


def _is_known(portrait: Object) -> bool:
    """Tell whether there are counters to compare."""
    return "gen_ai.usage.cache_read.input_tokens" in portrait and portrait.get("reusable_tokens") is not None


def _prompt(portrait: Object) -> Iterator[str]:
    if parts := parts_of(portrait.get("signature")):
        yield "Prompt, in the order in which the cache reads it"
        yield f"  {strip(parts, _STRIP)}"
        yield f"  {LEGEND}"
        yield from (f"  {line}" for line in table(parts))


def parts_of(value: Json) -> list[Part]:
    """Return the parts that a portrait's signature lists."""
    rows = [row for row in _list(value)[:_MOST] if isinstance(row, list) and len(row) == 3]
    return [(_short(name), size, _short(state)) for name, size, state in rows if is_count(size)]


def _identity(portrait: Object) -> Iterator[str]:
    if identity := _dict(portrait.get("identity")):
        yield "Identity, as fingerprints, against the predecessor's"
        for name, pair in identity.items():
            shown, state = pair if isinstance(pair, list) and len(pair) == 2 else (pair, "")
            yield f"  {_short(name):<12} {_short(shown or '-'):<16} {_short(state)}".rstrip()


def _envelope(portrait: Object) -> Iterator[str]:
    """Yield what the client sent and what was forwarded, and what this addon had to do with it."""
    sent, forwarded = _dict(portrait.get("client_sent")), _dict(portrait.get("forwarded"))
    if not sent and not forwarded:
        return
    yield "What the client sent, and what was forwarded"
    for name in dict.fromkeys((*sent, *forwarded)):
        was, now = sent.get(name), forwarded.get(name)
        edit = "" if was == now else "added here" if was is None else "removed here" if now is None else "replaced here"
        yield f"  {_short(name):<22} {_short(was or 'absent'):<14} {_short(now or 'absent'):<14} {edit}".rstrip()
    yield from _wrapped(f"Edits of this addon: {', '.join(map(str, _list(portrait.get('changed')))) or 'none'}.", "  ")
    if portrait.get("edited"):
        yield "  It was edited by hand while it was held."
    continued = ", kept from an earlier turn" if portrait.get("continued") else ""
    yield f"  The key comes from: {_short(portrait.get('key_source', _ABSENT))}{continued}."


def _predecessor(portrait: Object) -> Iterator[str]:
    if portrait.get("predecessor") is None:
        yield "Predecessor: none is known."
        return
    at, sent_at = measured(portrait.get("predecessor_at")), measured(portrait.get("sent_at"))
    before = "" if at is None or sent_at is None else f", sent {_span(sent_at - at)} before"
    yield f"Predecessor: turn {_short(portrait['predecessor'])}{before}."


def _differences(portrait: Object) -> Iterator[str]:
    if portrait.get("predecessor") is None:
        return
    differences = _list(portrait.get("differences"))
    yield "Every difference" if differences else "Every difference: none."
    for difference in differences[:_MOST]:
        yield from _wrapped(f"- {difference}", "  ")


def _advice(portrait: Object) -> Iterator[str]:
    if advice := ADVICE.get(str(portrait.get("verdict"))):
        yield "What to do"
        yield from _wrapped(advice.do, "  ")
        yield "How the next turn tells"
        yield from _wrapped(advice.then, "  ")


def _row(name: str, value: str, note: str = "") -> str:
    return f"  {name:<10}{value:>12}   {note if value != _ABSENT else ''}".rstrip()


def _span(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    if seconds < 120:
        return f"{seconds:.1f} seconds"
    return minutes(seconds)


def _wrapped(text: str, indent: str = "") -> Iterable[str]:
    return textwrap.wrap(visible(_cut(text, _LONGEST)), WIDTH, initial_indent=indent, subsequent_indent=indent)


def _short(value: Json) -> str:
    """Return what stands in a column."""
    return _cut(str(value), WIDTH)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _dict(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
