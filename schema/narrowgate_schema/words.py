"""The closed sets that every room speaks: a value outside them does not exist.

Each member's value is the outside name: metric label, quarantine reason, JSON word.
"""

from enum import StrEnum


class Family(StrEnum):
    """What a device is there to measure; also the name of its measurement and table."""

    WATER = "water"
    PARKING = "parking"
    LIGHTING = "lighting"


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
