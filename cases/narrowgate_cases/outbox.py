"""The outbox: what endpoints are yet to be told, each at its own pace.

Rule 1: a step of a case and its letters are one transaction: a trigger of the database writes them.
Rule 2: a letter never changes: the same step has the same name and the same body at every try, everywhere.
Rule 3: letters of one case leave in the order of its steps.
Rule 4: no endpoint waits for another.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from narrowgate_cases.outbox_tables import has_outbox, transaction

MOST_DEAD = 10_000
"""Dead letters kept for an endpoint; the oldest beyond are forgotten and counted."""


@dataclass(frozen=True)
class Letter:
    """One step of a case on its way to an endpoint."""

    step: int
    case_id: int
    delivery: str
    """The name by which a receiver knows a letter again: the finding and the number of its case's step."""
    body: str
    """JSON."""
    put_at_s: int
    """When its age began."""
    attempts: int


@dataclass(frozen=True)
class DeadLetter:
    """A letter that was given up."""

    delivery: str
    put_at_s: int
    died_at_s: float
    attempts: int
    words: str
    body: str
    endpoint: str


@dataclass(frozen=True)
class OutboxCounts:
    """How many letters stand where."""

    pending: int
    dead: int
    delivered: int
    forgotten: int
    """Dead letters that made room for later ones."""


NONE_AT_ALL = OutboxCounts(0, 0, 0, 0)

_LETTERS = """SELECT step, d.case_id, delivery, body, coalesce(renewed_at_s, put_at_s), attempts
    FROM outbox_deliveries AS d JOIN outbox_letters USING (step)"""
_NEXT = f"""{_LETTERS}
    WHERE endpoint = ? AND died_at_s IS NULL AND due_at_s <= ? AND NOT EXISTS (
        SELECT 1 FROM outbox_deliveries AS earlier INDEXED BY outbox_deliveries_by_case
        WHERE earlier.endpoint = d.endpoint AND earlier.case_id = d.case_id AND earlier.step < d.step
        AND earlier.died_at_s IS NULL)
    ORDER BY due_at_s, step LIMIT 1"""  # noqa: S608 - literals

_OF_STEPS = f"""{_LETTERS} WHERE endpoint = ? AND died_at_s IS NULL
    AND step IN (SELECT value FROM json_each(?)) ORDER BY step"""  # noqa: S608 - literals


def next_letter(connection: sqlite3.Connection, endpoint: str, now_s: float) -> Letter | None:
    """Give the letter to try now: due, and the first of its case; None if there is none."""
    row = connection.execute(_NEXT, (endpoint, now_s)).fetchone()
    return Letter(*row) if row is not None else None


def waiting_letters(connection: sqlite3.Connection, endpoint: str, limit: int) -> list[Letter]:
    """Give what waits for an endpoint that takes letters together, in the order of the steps."""
    rows = connection.execute(
        f"{_LETTERS} WHERE endpoint = ? AND died_at_s IS NULL ORDER BY step LIMIT ?",
        (endpoint, limit),
    )
    return [Letter(*row) for row in rows]


def letters_of(connection: sqlite3.Connection, endpoint: str, steps: Sequence[int]) -> list[Letter]:
    """Give those letters of some steps that still wait for an endpoint, in the order of the steps."""
    rows = connection.execute(_OF_STEPS, (endpoint, json.dumps(list(steps))))
    return [Letter(*row) for row in rows]


def note_delivered(connection: sqlite3.Connection, endpoint: str, *letters: Letter) -> None:
    """Take letters that arrived out of the box and count them."""
    with transaction(connection):
        for letter in letters:
            gone = connection.execute(
                "DELETE FROM outbox_deliveries WHERE endpoint = ? AND step = ?", (endpoint, letter.step)
            ).rowcount
            _add(connection, endpoint, "delivered", gone)


def note_failed(
    connection: sqlite3.Connection,
    endpoint: str,
    letter: Letter,
    words: str,
    due_at_s: float,
    *,
    is_attempt: bool = True,
) -> None:
    """Put a letter back for another try at an instant [s]; what only waits for an answer was no attempt."""
    connection.execute(
        "UPDATE outbox_deliveries SET attempts = attempts + ?, words = ?, due_at_s = ?"
        " WHERE endpoint = ? AND step = ?",
        (is_attempt, words, due_at_s, endpoint, letter.step),
    )


def note_dead(
    connection: sqlite3.Connection, endpoint: str, letter: Letter, words: str, now_s: float
) -> None:
    """Give a letter up; it is kept as a dead one, and those after it in its case go on."""
    with transaction(connection):
        connection.execute(
            "UPDATE outbox_deliveries SET attempts = attempts + 1, words = ?, died_at_s = ?"
            " WHERE endpoint = ? AND step = ?",
            (words, now_s, endpoint, letter.step),
        )
        forgotten = connection.execute(
            "DELETE FROM outbox_deliveries WHERE endpoint = ? AND step IN (SELECT step FROM outbox_deliveries"
            " WHERE endpoint = ? AND died_at_s IS NOT NULL"
            " ORDER BY died_at_s DESC, step DESC LIMIT -1 OFFSET ?)",
            (endpoint, endpoint, MOST_DEAD),
        ).rowcount
        _add(connection, endpoint, "forgotten", forgotten)


def _add(connection: sqlite3.Connection, endpoint: str, name: str, letters: int) -> None:
    connection.execute(
        "INSERT INTO outbox_sums VALUES (?, ?, ?)"
        " ON CONFLICT (endpoint, name) DO UPDATE SET letters = letters + excluded.letters",
        (endpoint, name, letters),
    )


def counts_by_endpoint(connection: sqlite3.Connection) -> dict[str, OutboxCounts]:
    """Count the letters of every endpoint that there is or was; empty where there never was an outbox."""
    if not has_outbox(connection):
        return {}
    rows = connection.execute("SELECT endpoint FROM outbox_endpoints ORDER BY endpoint").fetchall()
    return {endpoint: _counts(connection, endpoint) for (endpoint,) in rows}


def outbox_counts(connection: sqlite3.Connection, endpoint: str | None = None) -> OutboxCounts:
    """Count the letters of one endpoint, or of all; all are 0 where there never was an outbox."""
    each = counts_by_endpoint(connection)
    if endpoint is not None:
        return each.get(endpoint, NONE_AT_ALL)
    names = ("pending", "dead", "delivered", "forgotten")
    return OutboxCounts(**{name: sum(getattr(one, name) for one in each.values()) for name in names})


def _counts(connection: sqlite3.Connection, endpoint: str) -> OutboxCounts:
    pending, dead = connection.execute(
        "SELECT (SELECT count(*) FROM outbox_deliveries WHERE endpoint = ?1 AND died_at_s IS NULL),"
        " (SELECT count(*) FROM outbox_deliveries WHERE endpoint = ?1 AND died_at_s IS NOT NULL)",
        (endpoint,),
    ).fetchone()
    sums = dict(
        connection.execute("SELECT name, letters FROM outbox_sums WHERE endpoint = ?", (endpoint,)).fetchall()
    )
    return OutboxCounts(pending, dead, sums.get("delivered", 0), sums.get("forgotten", 0))


def oldest_waiting_s(connection: sqlite3.Connection, endpoint: str) -> int | None:
    """Give when the oldest letter that waits was put in [s]; None if none waits."""
    row = connection.execute(
        "SELECT put_at_s FROM outbox_deliveries JOIN outbox_letters USING (step)"
        " WHERE endpoint = ? AND died_at_s IS NULL ORDER BY step LIMIT 1",
        (endpoint,),
    ).fetchone()
    return None if row is None else int(row[0])


def dead_letters(
    connection: sqlite3.Connection, limit: int = 1000, endpoint: str | None = None
) -> list[DeadLetter]:
    """Give the letters that were given up, the latest first, for one endpoint or all."""
    if not has_outbox(connection):
        return []
    rows = connection.execute(
        "SELECT delivery, put_at_s, died_at_s, attempts, words, body, endpoint FROM outbox_deliveries"
        " JOIN outbox_letters USING (step) WHERE died_at_s IS NOT NULL AND endpoint = coalesce(?, endpoint)"
        " ORDER BY died_at_s DESC, step DESC LIMIT ?",
        (endpoint, limit),
    )
    return [DeadLetter(*row) for row in rows]
