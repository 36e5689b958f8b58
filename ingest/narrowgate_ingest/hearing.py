"""Who listens to devices' words beside their readings: what they answer to what they were told."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol

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
    at_us: Callable[[int], int],
    is_sound: Callable[[int], bool],
) -> list[Word]:
    """Give the words of sound frames.

    Args:
        overheard: frames, in order.
        devices: of the batch.
        at_us: gives when a row came in [us].
        is_sound: tells whether a row is no repeat and no stranger's.
    """
    words = []
    for one in overheard:
        told = one.made.tell(one.place) if is_sound(one.row) else None
        if told is not None and told.message is not None:
            words.append(Word(devices[one.row], at_us(one.row), told.message, told.values))
    return words
