"""What became of the emissions, as the devices saw it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.span import iso_utc

ACKED, GIVEN_UP, UNCONFIRMED = "acked", "given_up", "unconfirmed"


class Outcome(NamedTuple):
    """The end of one emission."""

    emission: Emission
    result: str
    """ACKED, GIVEN_UP, UNCONFIRMED, or the code of a refusal such as '4.01'."""


class AckedSet(Set[tuple[str, int]]):
    """A set of (device, sequence), one machine integer of bits a device instead of a tuple an uplink."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._count = 0

    def add(self, device: str, sequence: int) -> None:
        """Put one in."""
        bits = self._bits.get(device, 0)
        self._count += not bits >> sequence & 1
        self._bits[device] = bits | 1 << sequence

    @classmethod
    def joined(cls, parts: Iterable["AckedSet"]) -> "AckedSet":
        """Give the union of sets that have no device in common."""
        union = cls()
        for part in parts:
            union._bits.update(part._bits)
            union._count += part._count
        return union

    def __contains__(self, item: object) -> bool:
        """Tell whether (device, sequence) was acknowledged."""
        if not (isinstance(item, tuple) and len(item) == 2):
            return False
        device, sequence = item
        return bool(self._bits.get(device, 0) >> sequence & 1)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Give every (device, sequence), device by device."""
        for device, bits in self._bits.items():
            yield from ((device, sequence) for sequence in range(bits.bit_length()) if bits >> sequence & 1)

    def __len__(self) -> int:
        """Count them."""
        return self._count


@dataclass
class SentReport:
    """Counts of everything a link was given to send."""

    sent: int = 0
    """Emissions, not datagrams."""
    acked: AckedSet = field(default_factory=AckedSet)
    """(device, sequence) of every emission that was answered with success."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Emissions refused for good, by answer code."""
    given_up: int = 0
    """Emissions that no answer ever settled."""
    unconfirmed: int = 0
    """Emissions sent once over a transport that owes no answer, to which none came."""
    retransmissions: int = 0
    """Datagrams sent again because no answer came."""
    copies: int = 0
    """Datagrams that the weather doubled."""
    lost_answers: int = 0
    """Answers that the weather swallowed."""

    @property
    def refused(self) -> int:
        """Count the emissions refused for good."""
        return sum(self.refusals.values())

    def settle(self, outcome: Outcome) -> None:
        """Count the end of an emission."""
        if outcome.result == ACKED:
            self.acked.add(outcome.emission.device, outcome.emission.sequence)
        elif outcome.result == GIVEN_UP:
            self.given_up += 1
        elif outcome.result == UNCONFIRMED:
            self.unconfirmed += 1
        else:
            self.refusals[outcome.result] += 1

    @classmethod
    def joined(cls, parts: Sequence["SentReport"]) -> "SentReport":
        """Give the sum of reports of links that have no device in common."""
        return cls(
            sent=sum(part.sent for part in parts),
            acked=AckedSet.joined(part.acked for part in parts),
            refusals=sum((part.refusals for part in parts), Counter()),
            given_up=sum(part.given_up for part in parts),
            unconfirmed=sum(part.unconfirmed for part in parts),
            retransmissions=sum(part.retransmissions for part in parts),
            copies=sum(part.copies for part in parts),
            lost_answers=sum(part.lost_answers for part in parts),
        )

    def absorb(self, other: "SentReport") -> None:
        """Add another report's counts to these."""
        for device, sequence in other.acked:
            self.acked.add(device, sequence)
        self.refusals.update(other.refusals)
        for name in ("sent", "given_up", "unconfirmed", "retransmissions", "copies", "lost_answers"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def summary(self) -> dict[str, object]:
        """Give the counts as a JSON object."""
        return {
            "sent": self.sent,
            "acked": len(self.acked),
            "refused": self.refused,
            "refusals": dict(sorted(self.refusals.items())),
            "given_up": self.given_up,
            "unconfirmed": self.unconfirmed,
            "retransmissions": self.retransmissions,
            "copies": self.copies,
            "lost_answers": self.lost_answers,
        }


class AckFile:
    """Acknowledgements as JSON Lines, each whole in the file before the device goes on."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, emission: Emission) -> None:
        """Append one: device, sequence, and the time inside the frame (null where it has no clock)."""
        time = None if emission.time_us is None else iso_utc(emission.time_us)
        line = {"device": emission.device, "sequence": emission.sequence, "time": time}
        self._file.write(f"{json.dumps(line)}\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Book:
    """Where a link writes what became of its emissions: the report and, if wanted, the file of them."""

    def __init__(self, acks: Path | None) -> None:
        self._path = acks
        self._file: AckFile | None = None
        self.report = SentReport()

    def open(self) -> None:
        """Open the file; OSError if it cannot be written."""
        if self._path is not None:
            self._file = AckFile(self._path)

    def settle(self, emission: Emission, result: str) -> None:
        """Enter the end of an emission."""
        if self._file is not None and result == ACKED:
            self._file.write(emission)
        self.report.settle(Outcome(emission, result))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
