"""Values that do not change, at no more cost than any others.

A frozen dataclass sets each of its fields through `object.__setattr__`, so that making one takes three times as long,
and a turn makes some twenty. So mypy alone holds us to it that nothing changes them.
"""

from dataclasses import dataclass
from typing import dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
def static_frozen[T](made: type[T]) -> type[T]:
    """Make a class a dataclass whose fields are given by name, once, and not shown: they may be secret."""
    return dataclass(slots=True, kw_only=True, repr=False)(made)
