"""What decode is handed beside the frames, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa

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
    keys: Sequence[bytes | None] | None = None
    """(n,) Keys of encrypted devices; None: no device has one."""
    facts: pa.RecordBatch | None = None
    """Facts of earlier frames, schema FACTS; None: there are none."""
    directions: Sequence[Direction] | None = None
    """(n,) None: all frames came up from devices."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the frames mean; lists are aligned with the rows of the uplinks."""

    readings: dict[Family, pa.RecordBatch]
    """Schema READINGS[family], every family present, rows in frame order; `late` is null: it is not ours."""
    refusals: pa.RecordBatch
    """Schema REFUSALS, rows in frame order; several for a frame if several of its records were refused."""
    facts: pa.RecordBatch
    """Schema FACTS."""
    dispositions: list[Disposition]
    """STORED (without rows if the frame says nothing that is a reading), PARTIAL or QUARANTINED."""
    identities: list[str | None]
    """The identity inside the frame, where it carries one."""
    messages: list[str | None]
    """The message's name; None for a refused frame."""
    values: list[dict[str, Value]]
    """Everything the frame says, by declared name; {} for a refused frame."""
