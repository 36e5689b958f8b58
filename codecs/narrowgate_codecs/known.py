"""What is known of one frame beside its bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Keys: TypeAlias = tuple[bytes, ...]
"""The keys of a device that are valid now; none or one as a rule, two while they are changed."""
Key: TypeAlias = bytes | Keys | None
"""The same as callers hand it over."""


def keys_of(key: Key) -> Keys:
    """Give the keys that a caller handed over, as a tuple."""
    if isinstance(key, bytes):
        return (key,)
    return () if key is None else tuple(key)


def port_at(ports: Sequence[int | None] | None, row: int) -> int | None:
    """Give a row's port."""
    return None if ports is None else ports[row]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one frame beside its bytes. Keys never show in a text."""

    port: int | None = None
    """The message type that the transport captured."""
    keys: Keys = field(default=(), repr=False)
    """The device's keys, the likeliest first."""
    facts: Mapping[str, bytes] = field(default_factory=dict)
    """What earlier frames of the device announced, by name."""


NOTHING = Known()
