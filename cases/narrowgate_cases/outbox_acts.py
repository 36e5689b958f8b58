"""What operators do about letters that do not arrive: look at them, have them tried again, drop them.

Rule 1: what is dropped is dropped by somebody, for a reason, and both are kept.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from narrowgate_cases.outbox import counts_by_endpoint
from narrowgate_cases.outbox_tables import has_outbox, transaction
from narrowgate_cases.texts import clean_text

MOST_ACTS = 10_000
"""Acts kept; the oldest beyond are forgotten."""
_MOST_REASON = 500


class NoSuchLetter(LookupError):
    """An endpoint has no letter of that name."""


@dataclass(frozen=True)
class Held:
    """A letter that an endpoint does not have yet."""

    endpoint: str
    delivery: str
    case: str
    step: str
    put_at_s: int
    attempts: int
    due_at_s: float
    died_at_s: float | None
    """When it was given up; None while it is tried."""
    words: str
    """Why the last try failed."""


def held(
    connection: sqlite3.Connection,
    endpoint: str | None = None,
    *,
    is_dead: bool | None = None,
    limit: int = 100,
) -> list[Held]:
    """Give letters that were not delivered, the oldest first.

    Args:
        connection: may read the state database.
        endpoint: only this one's; None for all.
        is_dead: only those given up, only those that wait, or None for both.
        limit: so many at most.
    """
    if not has_outbox(connection):
        return []
    rows = connection.execute(
        "SELECT endpoint, delivery, body ->> 'case', body ->> 'step', put_at_s, attempts, due_at_s,"
        " died_at_s, words FROM outbox_deliveries JOIN outbox_letters USING (step)"
        " WHERE endpoint = coalesce(?1, endpoint) AND (?2 IS NULL OR (died_at_s IS NOT NULL) = ?2)"
        " ORDER BY step, endpoint LIMIT ?3",
        (endpoint, is_dead, limit),
    )
    return [Held(*row) for row in rows]


def retry(
    connection: sqlite3.Connection, endpoint: str, deliveries: Sequence[str] | None, actor: str, now_s: float
) -> int:
    """Have letters tried again at once, as if they were new; give how many.

    A letter that was given up is tried behind those of its case that went on meanwhile.

    Args:
        connection: the state database, outside any transaction.
        endpoint: whose letters.
        deliveries: their names; None for all that were given up.
        actor: who asks.
        now_s: Unix time [s].

    Raises:
        NoSuchLetter: one of the names is none; nothing is changed.
    """
    with _acting(connection, endpoint):
        if deliveries is None:
            dead = held(connection, endpoint, is_dead=True, limit=-1)
            deliveries = [each.delivery for each in dead]
        for delivery in deliveries:
            step = _step(connection, endpoint, delivery)
            connection.execute(
                # Its age counts from now on: else it would be given up at its first failure.
                "UPDATE outbox_deliveries SET died_at_s = NULL, attempts = 0, due_at_s = 0, renewed_at_s = ?"
                " WHERE endpoint = ? AND step = ?",
                (int(now_s), endpoint, step),
            )
            _note(connection, (now_s, actor, "retried", endpoint, delivery, ""))
    return len(deliveries)


def drop(
    connection: sqlite3.Connection,
    endpoint: str,
    deliveries: Sequence[str],
    actor: str,
    reason: str,
    now_s: float,
) -> None:
    """Take letters out of the box that an endpoint shall not have.

    Raises:
        NoSuchLetter: one of the names is none; nothing is changed.
        ValueError: the reason is none.
    """
    words = clean_text(reason, _MOST_REASON, "a reason")
    if not words:
        raise ValueError("dropped needs a reason")
    with _acting(connection, endpoint):
        for delivery in deliveries:
            step = _step(connection, endpoint, delivery)
            connection.execute(
                "DELETE FROM outbox_deliveries WHERE endpoint = ? AND step = ?", (endpoint, step)
            )
            _note(connection, (now_s, actor, "dropped", endpoint, delivery, words))


@contextmanager
def _acting(connection: sqlite3.Connection, endpoint: str) -> Iterator[None]:
    """Run a block as a transaction, if there is such an endpoint."""
    if endpoint not in counts_by_endpoint(connection):
        raise NoSuchLetter(f"there never was an endpoint {endpoint[:64]!r}")
    with transaction(connection):
        yield


def _step(connection: sqlite3.Connection, endpoint: str, delivery: str) -> int:
    row = connection.execute(
        "SELECT step FROM outbox_letters JOIN outbox_deliveries USING (step)"
        " WHERE delivery = ? AND endpoint = ?",
        (delivery, endpoint),
    ).fetchone()
    if row is None:
        raise NoSuchLetter(f"no letter {delivery[:64]!r} waits for {endpoint[:64]!r}, and none was given up")
    return int(row[0])


def _note(connection: sqlite3.Connection, act: tuple[float, str, str, str, str, str]) -> None:
    connection.execute(
        "INSERT INTO outbox_acts (at_s, actor, act, endpoint, delivery, reason) VALUES (?, ?, ?, ?, ?, ?)",
        act,
    )
    connection.execute(
        "DELETE FROM outbox_acts WHERE id <= (SELECT max(id) FROM outbox_acts) - ?", (MOST_ACTS,)
    )
