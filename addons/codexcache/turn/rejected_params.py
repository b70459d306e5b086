"""Which member of the body the backend refused, and what follows from it.

A member that is known but has a value that is not accepted was not refused: removing it would change what the user
asked for. And one that is refused may not be the client's: the addon may have added it, or nobody, where the server
adds it by itself.

The client's word stands. It is told once which option removes the member; only members that the user named in
`codex_learn` are left out by themselves. What the addon itself added and the backend refused is not added again.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..body.json_splice import Json, Object
from ..wire.routes import ESSENTIAL
from .response import errors_in
from .rewrite import KEY_MEMBER

_MOST = 200
"""Lessons that are learned, and that are said; a backend could make up any number."""

_NAME = r"['\"`]?([A-Za-z_][A-Za-z0-9_]{0,63})['\"`]?"
_REFUSING_CODES = ("unknown_parameter", "unsupported_parameter")  # no set: what is looked up may be a list
_NOT_TAKEN = r"(?:unsupported|unknown|unrecognized)"
_THING = r"(?:request )?(?:parameter|argument|member|field)(?:s|\(s\))?(?: supplied)?"
_IS_NOT_TAKEN = rf"is (?:not (?:a )?supported|(?:an )?{_NOT_TAKEN})\b"
_REFUSALS = (
    re.compile(rf"\b{_NOT_TAKEN} {_THING}: *{_NAME}(?![\w.\[])", re.IGNORECASE),
    re.compile(rf"\b{_NOT_TAKEN} {_THING} (?=['\"`]){_NAME}(?![\w.\[])", re.IGNORECASE),
    re.compile(rf"^(?:the )?(?:parameter |property )?{_NAME} (?:parameter )?{_IS_NOT_TAKEN}", re.IGNORECASE),
)
_WHOLE_NAME = re.compile(_NAME)


class Refusal(NamedTuple):
    """A member of the body that the backend refused, and who had put it there."""

    member: str
    origin: Literal["client", "addon", "neither"]


def rejected_param(payload: Object) -> str | None:
    """Return the top-level member that an error payload says is unsupported or unknown, or None.

    What it says of one that no turn can lack is about its value.
    """
    name = next((name for error in errors_in(payload) if (name := _named(error))), None)
    return None if name in ESSENTIAL else name


class RejectedParams:
    """What the backend's refusals taught, until the next start."""

    def __init__(self) -> None:
        self._withheld: set[tuple[str, str, str]] = set()
        self._left_out: dict[tuple[str, str], frozenset[str]] = {}
        self._said: set[tuple[str, ...]] = set()

    def withholds_key(self, endpoint: str, host: str, model: str) -> bool:
        """Tell whether a key that was added here has been refused."""
        return (endpoint, host, model) in self._withheld

    def left_out(self, host: str, model: str) -> frozenset[str]:
        """Return the members that are left out of turns for this host and model."""
        return self._left_out.get((host, model), frozenset())

    def lines(self) -> list[str]:
        """Return a sentence for each lesson."""
        withheld = (f"no key is added to /{path} at {host} for {model[:80]!r}" for path, host, model in self._withheld)
        left_out = (
            f"{', '.join(sorted(members))} left out at {host} for {model[:80]!r}"
            for (host, model), members in self._left_out.items()
        )
        return sorted((*withheld, *left_out))

    def key_refused(self, endpoint: str, host: str, model: str) -> str | None:
        """Note that the backend refused the key that was added, and return what to say, if it is news."""
        if len(self._withheld) < _MOST:
            self._withheld.add((endpoint, host, model))
        return self._once(
            f"{host} refused the {KEY_MEMBER} that was added to /{endpoint} for {model[:80]!r}. "
            "It is not added there again until the proxy restarts; the session headers still are.",
            endpoint,
            host,
            model,
        )

    def member_learned(self, member: str, host: str, model: str) -> str | None:
        """Note a refused member that the user wants left out, and return what to say, if it is news."""
        if len(self._left_out) < _MOST:
            self._left_out[host, model] = self.left_out(host, model) | {member}
        return self._once(
            f"{host} refused {member!r} for {model[:80]!r}. As codex_learn asks, it is left out of later turns there "
            "until the proxy restarts.",
            member,
            host,
            model,
        )

    def member_kept(self, member: str, host: str, strip: Iterable[str]) -> str | None:
        """Return, once, how the user can have a refused member removed."""
        option = ",".join(sorted({*strip, member}))
        return self._once(
            f"{host} refused {member!r}, which the client sends. It was kept, because the client's word stands. To "
            f"remove it from every turn, set codex_strip={option}; to leave it out only where it was refused, set "
            f"codex_learn={member}.",
            member,
            host,
        )

    def _once(self, sentence: str, *occasion: str) -> str | None:
        if occasion in self._said or len(self._said) >= _MOST:
            return None
        self._said.add(occasion)
        return sentence


def _named(error: Object) -> str | None:
    if error.get("code") in _REFUSING_CODES and (name := _whole_name(error.get("param"))):
        return name
    sentences = [text for member in ("detail", "message", "error") if isinstance(text := error.get(member), str)]
    found = (pattern.search(text) for text in sentences for pattern in _REFUSALS)
    return next((match[1] for match in found if match), None)


def _whole_name(param: Json) -> str | None:
    """Return the name of a top-level member; `input[0].x` and `text.y` name something inside one."""
    match = _WHOLE_NAME.fullmatch(param) if isinstance(param, str) else None
    return match[1] if match else None
