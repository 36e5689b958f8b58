"""The closed sets that every room speaks: a value outside them does not exist.

Each member's value is the outside name: metric label, quarantine reason, JSON word.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, ClassVar

from narrowgate_schema.families import DECLARED


class _Registered(type):
    """Lets a class be walked through by what is registered of it."""

    def __iter__(cls) -> "Iterator[Family]":
        return iter(_FAMILIES.values())

    def __len__(cls) -> int:
        return len(_FAMILIES)


class Family(str, metaclass=_Registered):
    """What a device is there to measure; also the name of its measurement and table.

    A set that packages outside add to, closed once the process has begun: `Family(name)` gives the one family
    of that name and raises ValueError for any other, `for family in Family` walks through all of them.
    """

    WATER: ClassVar["Family"]
    PARKING: ClassVar["Family"]
    LIGHTING: ClassVar["Family"]

    __slots__ = ()

    def __new__(cls, name: str) -> "Family":
        """Give the family of a name."""
        found = _FAMILIES.get(name)
        if found is None:
            raise ValueError(f"{str(name)!r} is no family; known are {', '.join(_FAMILIES)}")
        return found

    @classmethod
    def known(cls, name: str) -> "Family | None":
        """Give the family of a name; None if there is none, as where its package is not there any more."""
        return _FAMILIES.get(name)

    @property
    def value(self) -> str:
        """Give its name as plain text."""
        return str.__str__(self)

    def __repr__(self) -> str:
        """Give it as a program writes it."""
        return f"Family({self.value!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, Any]:
        """Give the schema of API models: one of the names, read as the family."""
        names = {"type": "literal", "expected": [family.value for family in cls]}
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": cls},
            "schema": names,
        }


_FAMILIES: dict[str, Family] = {name: str.__new__(Family, name) for name in DECLARED}
Family.WATER, Family.PARKING, Family.LIGHTING = map(Family, ("water", "parking", "lighting"))


class Reason(StrEnum):
    """Why a frame, or a record of it, gave no reading."""

    LENGTH = "length"
    """Too short, too long, or a length field that does not fit."""
    MODEL = "model"
    """Another device, message type or layout than the profile's."""
    INTEGRITY = "integrity"
    """A check sum, CRC or decryption check failed, or stored bytes are damaged."""
    SANITY = "sanity"
    """Well formed, but a value no such device can send."""
    KEY_MISSING = "key_missing"
    """Encrypted, and no key is registered."""
    AMBIGUOUS = "ambiguous"
    """More than one profile fits; the candidates are named."""
    CONTEXT_MISSING = "context_missing"
    """Needs a fact that no earlier frame has announced; retried when it arrives."""
    IDENTITY = "identity"
    """The identity inside the frame is not the transport's."""
    UNKNOWN = "unknown"
    """No such device in the registry, or no such profile."""
    INTERNAL = "internal"
    """A fault of ours; the frame waits for a mended release."""
    STORE_REFUSED = "store_refused"
    """A store refused the reading for good."""


class Disposition(StrEnum):
    """What became of a kept frame: exactly one of these at every moment."""

    STORED = "stored"
    PARTIAL = "partial"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    IN_FLIGHT = "in_flight"


class Answer(StrEnum):
    """What the door says to a frame; it depends on transport facts only."""

    KEPT = "kept"
    """On disk (2.04, PUBACK)."""
    DUPLICATE = "duplicate"
    """The same exchange again: the same answer, kept once."""
    UNKNOWN_SENDER = "unknown_sender"
    """No transport identity that may send here (4.01)."""
    FORBIDDEN = "forbidden"
    """Known, but suspended or outside the allowed network (4.03)."""
    TOO_LARGE = "too_large"
    """Longer than the listener takes (4.13)."""
    TOO_FAST = "too_fast"
    """Over the sender's rate (4.29)."""
    CANNOT_KEEP = "cannot_keep"
    """Not kept: the journal could not sync it (5.03 with Max-Age)."""


class Severity(StrEnum):
    """How much a finding matters, from least to most."""

    INFO = "info"
    MINOR = "minor"
    MAJOR = "major"
    SAFETY = "safety"


class FindingState(StrEnum):
    """Where an episode stands."""

    RAISED = "raised"
    LATCHED = "latched"
    """What was wrong is over, and only an operator clears it."""
    INHIBITED = "inhibited"
    """Open, and told by the finding of a group: the desk alone hears of it so."""
    CLEARED = "cleared"


class Late(StrEnum):
    """What a rule does with a reading older than the newest of its series."""

    IGNORE = "ignore"
    REVISE = "revise"


class Transport(StrEnum):
    """How a frame came in."""

    COAP = "coap"
    MQTT = "mqtt"
    UDP = "udp"


class GroupLevel(StrEnum):
    """What devices share and can lose together: each member is the registry's column that names it."""

    CELL = "cell"
    CABINET = "cabinet"
    FEEDER = "feeder"
    ZONE = "zone"
