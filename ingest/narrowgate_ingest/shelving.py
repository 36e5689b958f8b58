"""Shelves as they are kept, and the record of what operators did to findings.

A shelf has a reason, a user and an end, and ends by itself. What was done stays in the record.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from narrowgate_rules import Shelf

MOST_DAYS = 31
"""A shelf ends after so long at the latest."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS shelves (
    number INTEGER PRIMARY KEY, rule TEXT NOT NULL, device TEXT NOT NULL, since_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, ended_us INTEGER, ended_by TEXT
);
CREATE TABLE IF NOT EXISTS rule_acts (
    number INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL, act TEXT NOT NULL,
    rule TEXT NOT NULL, device TEXT NOT NULL, finding TEXT NOT NULL, until_us INTEGER, reason TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS rule_acts_are_never_changed BEFORE UPDATE ON rule_acts
BEGIN SELECT RAISE(ABORT, 'what an operator did is never changed'); END;
CREATE TRIGGER IF NOT EXISTS rule_acts_are_never_removed BEFORE DELETE ON rule_acts
BEGIN SELECT RAISE(ABORT, 'what an operator did is never removed'); END;
"""
_COLUMNS = "number, rule, device, since_us, until_us, actor, reason"


@dataclass(frozen=True)
class Act:
    """What an operator does, and why."""

    at_us: int
    actor: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse an act that nobody does, or for no reason."""
        for name, text in (("user", self.actor), ("reason", self.reason)):
            if not text.strip() or len(text) > 500 or not text.isprintable():
                raise ValueError(f"{name} is one line of 1 to 500 characters")


def shelves(connection: sqlite3.Connection, at_us: int) -> list[dict[str, Any]]:
    """Give the shelves that are not over at an instant [us], by number."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM shelves WHERE ended_us IS NULL AND until_us > ? ORDER BY number",  # noqa: S608
        (at_us,),
    )
    names = _COLUMNS.split(", ")
    return [dict(zip(names, row, strict=True)) for row in rows]


def shelves_in_force(connection: sqlite3.Connection) -> list[Shelf]:
    """Give the shelves that nobody ended, as the rules know them: they see themselves when one is over."""
    rows = connection.execute("SELECT rule, device, until_us FROM shelves WHERE ended_us IS NULL")
    return [Shelf(*row) for row in rows]


def put_shelf(connection: sqlite3.Connection, shelf: Shelf, act: Act) -> int:
    """Keep a shelf, in the caller's transaction; give its number.

    Raises:
        ValueError: it ends before it begins, or too late.
    """
    if not act.at_us < shelf.until_us <= act.at_us + MOST_DAYS * 86_400_000_000:
        raise ValueError(f"a shelf ends after now, and within {MOST_DAYS} days")
    (number,) = connection.execute(
        "INSERT INTO shelves (rule, device, since_us, until_us, actor, reason) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING number",
        (shelf.rule, shelf.device, act.at_us, shelf.until_us, act.actor, act.reason),
    ).fetchone()
    note(connection, act, "shelve", rule=shelf.rule, device=shelf.device, until_us=shelf.until_us)
    return int(number)


def end_shelf(connection: sqlite3.Connection, number: int, act: Act) -> None:
    """End a shelf before its time, in the caller's transaction; ValueError if there is none."""
    row = connection.execute(
        "UPDATE shelves SET ended_us = ?, ended_by = ? WHERE number = ? AND ended_us IS NULL AND until_us > ?"
        " RETURNING rule, device",
        (act.at_us, act.actor, number, act.at_us),
    ).fetchone()
    if row is None:
        raise ValueError(f"no shelf {number} is in force")
    note(connection, act, "unshelve", rule=row[0], device=row[1])


def note(
    connection: sqlite3.Connection,
    act: Act,
    what: str,
    *,
    rule: str,
    device: str,
    finding: str = "",
    until_us: int | None = None,
) -> None:
    """Record what an operator did, in the caller's transaction."""
    connection.execute(
        "INSERT INTO rule_acts (at_us, actor, act, rule, device, finding, until_us, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (act.at_us, act.actor, what, rule, device, finding, until_us, act.reason),
    )
