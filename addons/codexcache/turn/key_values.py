"""Which strings can serve as a key or a session, and how others are hashed into one.

The backend takes a `prompt_cache_key` of at most 64 characters and answers `string_above_max_length` to a longer
one (earendil-works/pi#4719); a longer session header is rejected as well (NousResearch/hermes-agent#62349). If a value
were cut at 64 characters, two long values could become one, so it is hashed as a whole.
"""

import json
import re
import unicodedata
import uuid

MAX_LENGTH = 64

_PLAIN = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")

_NAMESPACE = uuid.UUID("8c0f3f0e-6c1c-5b59-9a53-0d0f6f9e7a11")
"""The namespace of all derived keys. If it changes, every cached prompt is lost."""


def usable(value: object) -> str | None:
    """Return the form in which a value can be sent, or None if it counts as absent.

    A string is trimmed. One to 64 visible ASCII characters stay as they are; any other printable string is replaced by
    its UUIDv5. Blank strings, strings with control characters and other types are absent.
    """
    if not isinstance(value, str) or not (text := value.strip()):
        return None
    if _PLAIN.fullmatch(text):
        return text
    return None if _has_controls(text) else derived("value", text)


def derived(*parts: str | None) -> str:
    """Return the UUIDv5 of `parts`, the same on every machine and after every restart; any other part changes it."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def _has_controls(text: str) -> bool:
    """Return True if the text contains a control character, or a surrogate, which no encoding can carry."""
    return not text.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
