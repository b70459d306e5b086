"""Dataclasses that are frozen for mypy only, and cost no more than others.

A frozen dataclass sets each of its fields through `object.__setattr__`, so creating one takes three times as long, and
each turn creates some twenty. So only mypy ensures that they are not changed; at run time nothing does.
"""

from dataclasses import dataclass
from typing import dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
def static_frozen[T](cls: type[T]) -> type[T]:
    """Return a class as a dataclass with keyword-only fields and no repr of them: they may be secret."""
    return dataclass(slots=True, kw_only=True, repr=False)(cls)
