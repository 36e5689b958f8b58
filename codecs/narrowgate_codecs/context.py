"""What decode is handed beside the frames, and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_codecs.known import Key
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.values import Value
from narrowgate_schema.words import Disposition, Family


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the senders; sequences are aligned with the rows of the uplinks."""

    devices: Sequence[str]
    """(n,) The registered device, or the claimed one."""
    profiles: Sequence[str | None]
    """(n,) None: no profile is known, the frame is refused as `unknown`."""
    timezone: ZoneInfo
    """The city's zone: that of clocks that state none."""
    keys: Sequence[Key] | None = field(default=None, repr=False)
    """(n,) Keys of encrypted devices, two where two are valid; None: no device has one."""
    facts: pa.RecordBatch | None = None
    """Facts of earlier frames, schema FACTS; None: there are none."""
    directions: Sequence[Direction] | None = None
    """(n,) None: all frames came up from devices."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one frame says beside its readings."""

    message: str | None
    """Its name; None for a refused frame."""
    identity: str | None
    """The identity inside the frame, where it carries one."""
    values: dict[str, Value]
    """Everything the frame says, by declared name; {} for a refused frame."""


@dataclass(frozen=True)
class Decoded:
    """What the frames mean; lists are aligned with the rows of the uplinks.

    Messages, identities and values are read out of the frames when they are first asked for.
    """

    readings: dict[Family, pa.RecordBatch]
    """Schema READINGS[family], every family present, rows in frame order; `late` is null: it is not ours."""
    refusals: pa.RecordBatch
    """Schema REFUSALS, rows in frame order; several for a frame if several of its records were refused."""
    facts: pa.RecordBatch
    """Schema FACTS."""
    dispositions: list[Disposition]
    """STORED (without rows if the frame says nothing that is a reading), PARTIAL or QUARANTINED."""
    by_row: int
    """Frames that were read one by one and not by their profile's plan."""
    told: Callable[[], list[Told]] = field(repr=False)
    """Reads what the frames say beside their readings."""
    tell: Callable[[int], Told] = field(repr=False)
    """Reads what one frame says beside its readings."""
    identity_marks: NDArray[np.uint64] = field(repr=False)
    """(n,) Equal where a profile's frames carry the same identity; 1: it carries none; 0: it must be read."""

    @cached_property
    def identities(self) -> list[str | None]:
        """The identity inside each frame, where it carries one."""
        return [one.identity for one in self._all]

    @cached_property
    def messages(self) -> list[str | None]:
        """Each message's name; None for a refused frame."""
        return [one.message for one in self._all]

    @cached_property
    def values(self) -> list[dict[str, Value]]:
        """Everything each frame says, by declared name; {} for a refused frame."""
        return [one.values for one in self._all]

    @cached_property
    def _all(self) -> list[Told]:
        return self.told()
