"""The frames set aside, as the console lists them: the newest first, with why and what they were."""

import sqlite3
from dataclasses import dataclass

_COLUMNS = "frame, received_at, transport, listener, device, profile, reason, detail, payload"


@dataclass(frozen=True)
class Quarantined:
    """A frame that gave no reading, or not all of them."""

    frame: int
    received_at_us: int
    transport: str
    listener: str
    device: str
    profile: str | None
    reason: str
    detail: str
    payload: bytes


def quarantined(
    connection: sqlite3.Connection, *, device: str | None, reason: str | None, limit: int, offset: int
) -> list[Quarantined]:
    """Give frames, the newest first.

    Args:
        connection: reads the quarantine.
        device: only this one's; None = all.
        reason: only set aside for this; None = for any.
        limit: how many at most.
        offset: how many to pass over.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM frames"  # noqa: S608 - literals
        " WHERE (?1 IS NULL OR device = ?1) AND (?2 IS NULL OR reason = ?2)"
        " ORDER BY frame DESC LIMIT ?3 OFFSET ?4",
        (device, reason, limit, offset),
    )
    return [Quarantined(*row) for row in rows]
