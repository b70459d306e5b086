"""Which strings can serve as a key or a session, and what becomes of the others.

The backend takes a `prompt_cache_key` of at most 64 characters and answers `string_above_max_length` to a longer
one (earendil-works/pi#4719); a longer session header is refused alike (NousResearch/hermes-agent#62349). Cutting
a value at 64 characters would fold two long values into one, so it is hashed whole.
"""

import json
import re
import unicodedata
import uuid

MAX_LENGTH = 64

_PLAIN = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")

_NAMESPACE = uuid.UUID("8c0f3f0e-6c1c-5b59-9a53-0d0f6f9e7a11")
"""The namespace of every key that is made here. Changing it would orphan every cached prompt."""


def usable(value: object) -> str | None:
    """Return the form in which `value` may leave, or None where it counts as absent.

    A string is trimmed. One to 64 visible ASCII characters stay as they are; anything else that can be printed
    becomes its UUIDv5. Blank strings, strings with control characters and other types are absent.
    """
    if not isinstance(value, str) or not (text := value.strip()):
        return None
    if _PLAIN.fullmatch(text):
        return text
    return None if _has_controls(text) else derived("value", text)


def derived(*parts: str | None) -> str:
    """Return the UUIDv5 of `parts`: the same on every machine, after every restart, and told apart by each part."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def _has_controls(text: str) -> bool:
    """Tell whether a control character, or a surrogate that no encoding can carry, is in `text`."""
    return not text.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
