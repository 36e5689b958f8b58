"""Who listens to devices' words beside their readings: what they answer to what they were told."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from narrowgate_codecs import Decoded


@dataclass(frozen=True, slots=True)
class Word:
    """One frame of a device, as it was read."""

    device: str
    at_us: int
    """When it came in [us]."""
    message: str
    """The message's name."""
    values: Mapping[str, Any]
    """Everything the frame says, by declared name."""
    listener: str = ""
    """Which listener took it."""
    is_proved: bool = False
    """Whether the transport proved who sent it."""


class Listener(Protocol):
    """Takes devices' words."""

    def awaited(self) -> Set[str]:
        """Give the devices whose words matter now."""
        ...

    def hear(self, words: Sequence[Word]) -> None:
        """Take words in the order in which they came; the same again changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Overheard:
    """A frame whose words matter, if nothing else speaks against it."""

    row: int
    made: Decoded
    place: int
    """The frame's among those that were decoded together."""


def words_of(
    overheard: Sequence[Overheard],
    devices: Sequence[str],
    uplinks: pa.RecordBatch,
    is_sound: Callable[[int], bool],
) -> list[Word]:
    """Give the words of sound frames.

    Args:
        overheard: frames, in order.
        devices: of the batch.
        uplinks: the batch, schema UPLINKS.
        is_sound: tells whether a row is no repeat and no stranger's.
    """
    words = []
    for one in overheard:
        told = one.made.tell(one.place) if is_sound(one.row) else None
        if told is not None and told.message is not None:
            at_us = uplinks["received_at"][one.row].cast(pa.int64()).as_py()
            listener = uplinks["listener"][one.row].as_py() or ""
            proved = uplinks["authenticated_as"][one.row].as_py()
            is_proved = bool(proved) and proved == devices[one.row]
            words.append(Word(devices[one.row], at_us, told.message, told.values, listener, is_proved))
    return words
