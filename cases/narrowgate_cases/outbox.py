"""The outbox: what an outside case system is yet to be told, written together with the step of its case.

Rule 1: a step of a case and its letter are one transaction: a trigger of the database writes the letter.
Rule 2: a letter never changes: the same step has the same name and the same body at every try.
Rule 3: letters of one case leave in the order of its steps.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_DEAD = 10_000
"""Dead letters kept; the oldest beyond are forgotten and counted."""

SCHEMA: str = """
CREATE TABLE IF NOT EXISTS outbox (
    step INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL,
    delivery TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    put_at_s INTEGER NOT NULL,
    due_at_s REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    words TEXT NOT NULL DEFAULT '',
    died_at_s REAL
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_by_case ON outbox (case_id, step) WHERE died_at_s IS NULL;
CREATE INDEX IF NOT EXISTS outbox_by_due ON outbox (due_at_s, step) WHERE died_at_s IS NULL;
CREATE INDEX IF NOT EXISTS outbox_by_death ON outbox (died_at_s) WHERE died_at_s IS NOT NULL;
CREATE TABLE IF NOT EXISTS outbox_totals (name TEXT PRIMARY KEY, steps INTEGER NOT NULL) STRICT;
"""
"""DDL; times are Unix seconds by the host's clock: receivers live by the wall."""


def _instant(column: str) -> str:
    """Give SQL for a column in [us] as RFC 3339 text; null stays null."""
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE printf('%s.%06dZ', {seconds}, {column} % 1000000) END"


_BODY = f"""json_object(
    'delivery', cases.finding || '-' || taken.n, 'case', cases.number, 'step', NEW.step,
    'at', {_instant("NEW.at_us")}, 'actor', NEW.actor, 'reason', NEW.reason,
    'service', cases.service, 'severity', cases.severity, 'family', cases.family, 'device', cases.device,
    'series', cases.series, 'asset', cases.asset, 'members', json(cases.members), 'state', cases.state,
    'finding', cases.finding, 'raised_at', {_instant("cases.raised_at")},
    'cleared_at', {_instant("cases.cleared_at")}, 'opened_at', {_instant("cases.opened_at")},
    'closed_at', {_instant("cases.closed_at")}, 'due_at', {_instant("cases.due_at")}, 'unit', cases.unit,
    'cell', cases.cell, 'district', cases.district, 'street', cases.street, 'lat', cases.lat,
    'lon', cases.lon,
    'evidence', json(NEW.evidence))"""

_TRIGGER = f"""
CREATE TRIGGER outbox_follows_case_steps AFTER INSERT ON case_steps
BEGIN
    INSERT OR IGNORE INTO outbox (step, case_id, delivery, body, put_at_s)
    SELECT NEW.id, NEW.case_id, cases.finding || '-' || taken.n, {_BODY},
        CAST(strftime('%s', 'now') AS INTEGER)
    FROM cases, (SELECT count(*) AS n FROM case_steps WHERE case_id = NEW.case_id) AS taken
    WHERE cases.id = NEW.case_id;
END;
"""  # noqa: S608 - literals
_NO_TRIGGER = "DROP TRIGGER IF EXISTS outbox_follows_case_steps"


@dataclass(frozen=True)
class Letter:
    """One step of a case on its way out."""

    step: int
    delivery: str
    """The name by which a receiver knows a letter again: the finding and the number of its case's step."""
    body: str
    """JSON."""
    put_at_s: int
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


@dataclass(frozen=True)
class OutboxCounts:
    """How many letters stand where."""

    pending: int
    dead: int
    delivered: int
    forgotten: int
    """Dead letters that made room for later ones."""


def install_outbox(connection: sqlite3.Connection, *, is_on: bool) -> None:
    """Make the tables, and have every step from now on put into the outbox, or no longer.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    connection.executescript(SCHEMA)
    with _transaction(connection):
        connection.execute(_NO_TRIGGER)
        if is_on:
            connection.execute(_TRIGGER)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def next_letter(connection: sqlite3.Connection, now_s: float) -> Letter | None:
    """Give the letter to try now: due, and the first of its case; None if there is none."""
    row = connection.execute(
        "SELECT step, delivery, body, put_at_s, attempts FROM outbox AS o"
        " WHERE died_at_s IS NULL AND due_at_s <= ? AND NOT EXISTS (SELECT 1 FROM outbox AS earlier"
        "  WHERE earlier.case_id = o.case_id AND earlier.step < o.step AND earlier.died_at_s IS NULL)"
        " ORDER BY due_at_s, step LIMIT 1",
        (now_s,),
    ).fetchone()
    return Letter(*row) if row is not None else None


def note_delivered(connection: sqlite3.Connection, letter: Letter) -> None:
    """Take a letter that arrived out of the box and count it."""
    with _transaction(connection):
        connection.execute("DELETE FROM outbox WHERE step = ?", (letter.step,))
        _add(connection, "delivered", 1)


def note_failed(connection: sqlite3.Connection, letter: Letter, words: str, due_at_s: float) -> None:
    """Put a letter back for another try at an instant [s]."""
    connection.execute(
        "UPDATE outbox SET attempts = attempts + 1, words = ?, due_at_s = ? WHERE step = ?",
        (words, due_at_s, letter.step),
    )


def note_dead(connection: sqlite3.Connection, letter: Letter, words: str, now_s: float) -> None:
    """Give a letter up; it is kept as a dead one, and those after it in its case go on."""
    with _transaction(connection):
        connection.execute(
            "UPDATE outbox SET attempts = attempts + 1, words = ?, died_at_s = ? WHERE step = ?",
            (words, now_s, letter.step),
        )
        forgotten = connection.execute(
            "DELETE FROM outbox WHERE step IN (SELECT step FROM outbox WHERE died_at_s IS NOT NULL"
            " ORDER BY died_at_s DESC, step DESC LIMIT -1 OFFSET ?)",
            (MOST_DEAD,),
        ).rowcount
        _add(connection, "forgotten", forgotten)


def _add(connection: sqlite3.Connection, name: str, steps: int) -> None:
    connection.execute(
        "INSERT INTO outbox_totals VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET steps = steps + excluded.steps",
        (name, steps),
    )


def outbox_counts(connection: sqlite3.Connection) -> OutboxCounts:
    """Count the letters; all are 0 where there never was an outbox."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox_totals'").fetchone()
    if found is None:
        return OutboxCounts(0, 0, 0, 0)
    pending, dead = connection.execute(
        "SELECT count(*) - count(died_at_s), count(died_at_s) FROM outbox"
    ).fetchone()
    totals = dict(connection.execute("SELECT name, steps FROM outbox_totals").fetchall())
    return OutboxCounts(pending, dead, totals.get("delivered", 0), totals.get("forgotten", 0))


def dead_letters(connection: sqlite3.Connection, limit: int = 1000) -> list[DeadLetter]:
    """Give the letters that were given up, the latest first."""
    if outbox_counts(connection).dead == 0:
        return []
    rows = connection.execute(
        "SELECT delivery, put_at_s, died_at_s, attempts, words, body FROM outbox"
        " WHERE died_at_s IS NOT NULL ORDER BY died_at_s DESC, step DESC LIMIT ?",
        (limit,),
    )
    return [DeadLetter(*row) for row in rows]
