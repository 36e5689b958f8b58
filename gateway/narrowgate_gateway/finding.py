"""What the doctor says: one thing looked at, and whether it can cost data."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a thing looked at means for data."""

    WELL = "well"
    """Nothing is lost by it."""
    CAREFUL = "careful"
    """It costs no acknowledged data, or only beyond a bound that is far away."""
    LOSES = "loses"
    """Acknowledged data can be lost."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    """Which part of the installation: a broker, the journal, the host."""
    setting: str
    value: str
    verdict: Verdict
    meaning: str
    """What follows from the value, and what would be right where it is not."""

    @property
    def is_bad(self) -> bool:
        """Tell whether data can be lost, or nobody knows."""
        return self.verdict in (Verdict.LOSES, Verdict.UNKNOWN)
