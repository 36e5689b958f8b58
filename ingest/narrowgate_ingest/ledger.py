"""The ledger: what became of every frame, from the door to the stores. It balances at every moment."""

import sqlite3
from dataclasses import dataclass

from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.state import FRAMES_SEEN, cursor
from narrowgate_ingest.tail import Tail
from narrowgate_schema.words import Answer, Disposition, Family

_REFUSALS = (
    Answer.UNKNOWN_SENDER,
    Answer.FORBIDDEN,
    Answer.TOO_LARGE,
    Answer.TOO_FAST,
    Answer.CANNOT_KEEP,
)


@dataclass(frozen=True)
class Ledger:
    """Frames and readings as counted now."""

    kept: int
    """Frames in the journal, ever."""
    dispositions: dict[Disposition, int]
    """Every kept frame under exactly one; in flight is what the core has not come to."""
    reasons: dict[str, int]
    """Quarantined and partial frames by their first reason."""
    door: dict[str, int]
    """What the door said, by answer, and what no device is told of."""
    readings: dict[Family, int]
    """Readings decoded and stored; a key stored again counts again."""

    shares: tuple[tuple[str, str, str, str, int], ...] = ()
    """Settled frames by (tenant, family, transport, disposition), each with their number; '' is not known."""

    @property
    def refused(self) -> int:
        """Give the frames that were turned away unkept."""
        return sum(self.door[answer] for answer in _REFUSALS)

    @property
    def difference(self) -> int:
        """Give kept frames less those with a disposition; 0 when it balances."""
        return self.kept - sum(self.dispositions.values())

    def faults(self) -> list[str]:
        """Give what does not balance, in words and figures; nothing where all does."""
        faults = []
        if self.difference:
            settled = self.kept - self.difference
            faults.append(f"{self.kept} frames are kept, {settled} have a disposition")
        for disposition, frames in self.dispositions.items():
            shared = sum(share[-1] for share in self.shares if share[3] == disposition)
            if disposition is not Disposition.IN_FLIGHT and shared != frames:
                faults.append(f"{frames} frames are {disposition}, {shared} by tenant, family and transport")
        return faults


def read_ledger(connection: sqlite3.Connection, tail: Tail, door: DoorCounters) -> Ledger:
    """Count now.

    The state is read before the journal's end: a frame counted in the state is always counted as kept.
    """
    connection.execute("BEGIN")
    try:
        seen = cursor(connection, FRAMES_SEEN)
        rows = connection.execute("SELECT disposition, reason, sum(frames) FROM dispositions GROUP BY 1, 2")
        counted = rows.fetchall()
        shares = tuple(
            connection.execute(
                "SELECT tenant, family, transport, disposition, sum(frames) FROM shares "
                "GROUP BY 1, 2, 3, 4 HAVING sum(frames) != 0 ORDER BY 1, 2, 3, 4"
            )
        )
        readings = {family: cursor(connection, f"readings_{family}") for family in Family}
    finally:
        connection.execute("ROLLBACK")
    mark = tail.mark()
    # After a power cut the journal's mark may say less than the state until the edge is up again.
    kept = max(mark.frames if mark is not None else 0, seen)
    dispositions = dict.fromkeys(Disposition, 0)
    reasons: dict[str, int] = {}
    for disposition, reason, frames in counted:
        dispositions[Disposition(disposition)] += frames
        if reason:
            reasons[reason] = reasons.get(reason, 0) + frames
    dispositions[Disposition.IN_FLIGHT] = kept - seen
    return Ledger(kept, dispositions, reasons, door.read(), readings, shares)
