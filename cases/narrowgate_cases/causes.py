"""Cases by their cause: rule, and asset, device or group."""

import sqlite3
from dataclasses import dataclass

from narrowgate_cases.lifecycle import State

_MOST_MERGES = 16


@dataclass(frozen=True)
class Cause:
    """The latest case of a cause."""

    id: int
    state: State
    closed_at: int | None


def teller_of(connection: sqlite3.Connection, case_id: int) -> int:
    """Give the case that tells of a case: itself, or the one that people merged it into."""
    for _ in range(_MOST_MERGES):
        state, into = connection.execute(
            "SELECT state, merged_into FROM cases WHERE id = ?", (case_id,)
        ).fetchone()
        if state != State.MERGED or into is None:
            break
        case_id = into
    return case_id


def latest_of(connection: sqlite3.Connection, cause: str) -> Cause | None:
    """Give the latest case of a cause, or the one that it was merged into; None if there is none."""
    row = connection.execute(
        "SELECT id, state, closed_at, merged_into FROM cases WHERE cause = ? ORDER BY id DESC LIMIT 1",
        (cause,),
    ).fetchone()
    for _ in range(_MOST_MERGES):
        if row is None or row[1] != State.MERGED or row[3] is None:
            break
        row = connection.execute(
            "SELECT id, state, closed_at, merged_into FROM cases WHERE id = ?", (row[3],)
        ).fetchone()
    return None if row is None else Cause(row[0], State(row[1]), row[2])
