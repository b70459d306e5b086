"""The parameters that the backend rejected, and what follows.

A rejected parameter is a top-level member of the body that the backend does not know or support. An invalid value is
not a rejected parameter: dropping it would change the request. A rejected parameter may come from the client, from this
addon, or from neither (added by the server).

What the client sends is kept: the user is told once which option removes it, and only members that are named in
`codex_learn` are removed without asking. What the addon itself added and the backend rejected is not added again.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..body.json_splice import Json, Object
from ..wire.routes import ESSENTIAL
from .response import errors_in
from .rewrite import KEY_MEMBER

_MOST = 200
"""Rejected parameters that are remembered, and messages that are shown; a backend could invent any number."""

_NAME = r"['\"`]?([A-Za-z_][A-Za-z0-9_]{0,63})['\"`]?"
_REJECTING_CODES = ("unknown_parameter", "unsupported_parameter")  # not a set: the value looked up may be a list
_REJECTED = r"(?:unsupported|unknown|unrecognized)"
_PARAM = r"(?:request )?(?:parameter|argument|member|field)(?:s|\(s\))?(?: supplied)?"
_IS_REJECTED = rf"is (?:not (?:a )?supported|(?:an )?{_REJECTED})\b"
_SENTENCES = (
    re.compile(rf"\b{_REJECTED} {_PARAM}: *{_NAME}(?![\w.\[])", re.IGNORECASE),
    re.compile(rf"\b{_REJECTED} {_PARAM} (?=['\"`]){_NAME}(?![\w.\[])", re.IGNORECASE),
    re.compile(rf"^(?:the )?(?:parameter |property )?{_NAME} (?:parameter )?{_IS_REJECTED}", re.IGNORECASE),
)
_WHOLE_NAME = re.compile(_NAME)


class Refusal(NamedTuple):
    """A member of the body that the backend rejected, and its origin: `neither` means that the server added it."""

    member: str
    origin: Literal["client", "addon", "neither"]


def rejected_param(payload: Object) -> str | None:
    """Return the top-level member that an error payload calls unsupported or unknown, None if there is none.

    An error about a member that no turn can lack is about its value.
    """
    name = next((name for error in errors_in(payload) if (name := _named(error))), None)
    return None if name in ESSENTIAL else name


class RejectedParams:
    """The rejected parameters since the start. Each `str` that a method returns is a message for the user."""

    def __init__(self) -> None:
        self._omitted_keys: set[tuple[str, str, str]] = set()
        self._removed: dict[tuple[str, str], frozenset[str]] = {}
        self._shown: set[tuple[str, ...]] = set()

    def omits_key(self, endpoint: str, host: str, model: str) -> bool:
        """Return True if the backend rejected a key that the addon had added."""
        return (endpoint, host, model) in self._omitted_keys

    def removed_params(self, host: str, model: str) -> frozenset[str]:
        """Return the members that are removed from turns to this host and model."""
        return self._removed.get((host, model), frozenset())

    def lines(self) -> list[str]:
        """Return a sentence for each host and model with rejected parameters."""
        omitted = (
            f"no key is added to /{path} at {host} for {model[:80]!r}" for path, host, model in self._omitted_keys
        )
        removed = (
            f"{', '.join(sorted(members))} left out at {host} for {model[:80]!r}"
            for (host, model), members in self._removed.items()
        )
        return sorted((*omitted, *removed))

    def key_refused(self, endpoint: str, host: str, model: str) -> str | None:
        """Note that the backend rejected the key that was added; return a message, None if it was shown before."""
        if len(self._omitted_keys) < _MOST:
            self._omitted_keys.add((endpoint, host, model))
        return self._once(
            f"{host} refused the {KEY_MEMBER} that was added to /{endpoint} for {model[:80]!r}. "
            "It is not added there again until the proxy restarts; the session headers still are.",
            endpoint,
            host,
            model,
        )

    def member_learned(self, member: str, host: str, model: str) -> str | None:
        """Note a rejected member that the user wants removed; return a message, None if it was shown before."""
        if len(self._removed) < _MOST:
            self._removed[host, model] = self.removed_params(host, model) | {member}
        return self._once(
            f"{host} refused {member!r} for {model[:80]!r}. As codex_learn asks, it is left out of later turns there "
            "until the proxy restarts.",
            member,
            host,
            model,
        )

    def member_kept(self, member: str, host: str, strip: Iterable[str]) -> str | None:
        """Return a message, once, that says how the user can have a rejected member removed."""
        option = ",".join(sorted({*strip, member}))
        return self._once(
            f"{host} refused {member!r}, which the client sends. It was kept, because the client's word stands. To "
            f"remove it from every turn, set codex_strip={option}; to leave it out only where it was refused, set "
            f"codex_learn={member}.",
            member,
            host,
        )

    def _once(self, message: str, *occasion: str) -> str | None:
        if occasion in self._shown or len(self._shown) >= _MOST:
            return None
        self._shown.add(occasion)
        return message


def _named(error: Object) -> str | None:
    if error.get("code") in _REJECTING_CODES and (name := _whole_name(error.get("param"))):
        return name
    sentences = [text for member in ("detail", "message", "error") if isinstance(text := error.get(member), str)]
    found = (pattern.search(text) for text in sentences for pattern in _SENTENCES)
    return next((match[1] for match in found if match), None)


def _whole_name(param: Json) -> str | None:
    """Return the name of a top-level member; `input[0].x` and `text.y` name something inside one."""
    match = _WHOLE_NAME.fullmatch(param) if isinstance(param, str) else None
    return match[1] if match else None
