"""The parameters that the backend rejected, and what follows.

A rejected parameter is a member of the body that the backend does not know or support: a top-level one, or one inside
of it, which the backend names by its path (`input[13].namespace`). An invalid value is not a rejected parameter:
dropping it would change the request. A rejected parameter may come from the client, from this addon, or from neither
(added by the server).

What the client sends is kept: the user is told once what helps, and only top-level members that are named in
`codex_learn` are removed without asking. What the addon itself added and the backend rejected is not added again.
"""

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from ..body.json_splice import Object
from ..wire.routes import ESSENTIAL
from .response import errors_in
from .rewrite import KEY_MEMBER

_MOST = 200
"""Rejected parameters that are remembered, and messages that are shown; a backend could invent any number."""

_NAME = r"[A-Za-z_$][A-Za-z0-9_$-]{0,63}"
_INDEX = r"\[(?:[0-9]{1,6}|\*|'[A-Za-z0-9_$-]{1,64}')?\]"
_PATH = rf"{_NAME}(?:\.[A-Za-z0-9_$-]{{1,64}}|{_INDEX}){{0,16}}"
_ENDS = r"(?=[.,;:!?)]*\s*\Z|[.,;:!?)]+\s| (?:(?:parameter )?is|for|in|with) )"
"""What follows a path that is not in quotes: one that goes on in another way is not known whole."""

_GIVEN = rf"(['\"`])?({_PATH})(?(1)\1|{_ENDS})"
_REJECTING_CODES = ("unknown_parameter", "unsupported_parameter")  # not a set: the value looked up may be a list
_REJECTED = r"(?:unsupported|unknown|unrecognized)"
_PARAM = r"(?:request )?(?:parameter|argument|member|field)(?:s|\(s\))?(?: supplied)?"
_IS_REJECTED = rf"is (?:not (?:a )?supported|(?:an )?{_REJECTED})\b"
_SUBJECT = r"(?:the )?(?:parameter |property )?(?!['\"`]?(?:model|input|type)['\"`]? )"
"""What a sentence about a parameter begins with; about these it speaks of their values (`The model is not supported`).
"""

_SENTENCES = [
    re.compile(sentence, re.IGNORECASE | re.ASCII)
    for sentence in (
        rf"\b{_REJECTED} {_PARAM}: *{_GIVEN}",
        rf"\b{_REJECTED} {_PARAM} (?=['\"`]){_GIVEN}",
        rf"^{_SUBJECT}{_GIVEN} (?:parameter )?{_IS_REJECTED}",
    )
]
_WHOLE_PATH = re.compile(_PATH)
_TOP_LEVEL = re.compile(_NAME)
_LONGEST = 200
"""Characters of a path that are shown."""


type Place = tuple[str, str, str]
"""Where something is rejected: endpoint, host and model."""


class Refusal(NamedTuple):
    """A member of the body that the backend rejected, and its origin: `neither` means that the server added it.

    `member` is as the backend names it: a top-level member, or the path of one inside it.
    """

    member: str
    origin: Literal["client", "addon", "neither"]

    @property
    def remedy(self) -> str:
        """What helps against a member that the client sends, as the second half of a sentence."""
        if self.member == "previous_response_id":
            return (
                "a response can be continued only on the WebSocket that it came from, so the client has to send the "
                "whole input instead"
            )
        if (top := top_level(self.member)) != self.member:
            return f"no option reaches into {top}, so only the client can leave it out"
        if top in ESSENTIAL:
            return "no option removes it, because turns cannot do without it, so only the client can leave it out here"
        return "codex_strip can remove it"


def top_level(member: str) -> str:
    """Return the top-level member that a path is in, or that it is."""
    match = _TOP_LEVEL.match(member)
    return match[0] if match else member


def rejected_param(payload: Object) -> str | None:
    """Return the member, or its path, that an error payload calls unsupported or unknown, None if there is none."""
    return next((name for error in errors_in(payload) if (name := _named(error))), None)


class RejectedParams:
    """The rejected parameters. Each `str` that a method returns is a message for the user.

    `on_key_refused` is told of what a store can keep: that the backend rejected a key which the addon had added.
    """

    def __init__(self, on_key_refused: Callable[[Place], None] = lambda place: None) -> None:
        self._on_key_refused = on_key_refused
        self._omitted_keys: set[Place] = set()
        self._removed: dict[tuple[str, str], frozenset[str]] = {}
        self._shown: set[tuple[str, ...]] = set()

    def learned(self, endpoint: str, host: str, model: str) -> tuple[frozenset[str], bool]:
        """Return the members that are removed from such turns, and whether the backend rejected a key of the addon."""
        return self._removed.get((host, model), frozenset()), (endpoint, host, model) in self._omitted_keys

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
        self.adopt(place := (endpoint, host, model))
        self._on_key_refused(place)
        return self._once(
            place,
            f"{host} refused the {KEY_MEMBER} that was added to /{endpoint} for {model[:80]!r}. "
            "It is not added there again; the session headers still are.",
        )

    def adopt(self, place: Place) -> None:
        """Take in that a key which the addon adds is rejected there."""
        if len(self._omitted_keys) < _MOST:
            self._omitted_keys.add(place)

    def member_learned(self, member: str, host: str, model: str) -> str | None:
        """Note a rejected member that the user wants removed; return a message, None if it was shown before."""
        if len(self._removed) < _MOST:
            self._removed[host, model] = self._removed.get((host, model), frozenset()) | {member}
        return self._once(
            (member, host, model),
            f"{host} refused {member!r} for {model[:80]!r}. As codex_learn asks, it is left out of later turns there "
            "until the proxy restarts.",
        )

    def member_kept(self, member: str, host: str, strip: Iterable[str]) -> str | None:
        """Return a message, once, that says what the user can do about a rejected member."""
        return self._once(
            (member, host),
            f"{host} refused {member!r}, which the client sends. It was kept, because the client's word stands"
            f"{_what_to_set(member, strip)}",
        )

    def _once(self, occasion: tuple[str, ...], message: str) -> str | None:
        if occasion in self._shown or len(self._shown) >= _MOST:
            return None
        self._shown.add(occasion)
        return message


def _what_to_set(member: str, strip: Iterable[str]) -> str:
    """Return the options that remove a member, with the end of the sentence before, or what helps where none does."""
    if top_level(member) != member or member in ESSENTIAL:
        return f": {Refusal(member, 'client').remedy}."
    return (
        f". To remove it from every turn, set codex_strip={','.join(sorted({*strip, member}))}; to leave it out only "
        f"where it was refused, set codex_learn={member}."
    )


def _named(error: Object) -> str | None:
    """Return the path that an error names, as it stands; what is not understood as a whole is not named in part."""
    if error.get("code") in _REJECTING_CODES and isinstance(param := error.get("param"), str):
        return param[:_LONGEST] if _WHOLE_PATH.fullmatch(param) else None
    sentences = [text for member in ("detail", "message", "error") if isinstance(text := error.get(member), str)]
    found = (pattern.search(text) for text in sentences for pattern in _SENTENCES)
    return next((match[2][:_LONGEST] for match in found if match), None)
