"""What devices and assets were before each change: so that what came in then can be read as it was then.

Assignments have their own instants; attributes are kept here, from the change on that replaced them.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from narrowgate_fleet.columns import Value

HISTORY_DDL = (
    "CREATE TABLE history (at_us INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, "
    "was TEXT NOT NULL) STRICT"
)
_NOW_US = "CAST(round((julianday('now') - 2440587.5) * 86400000) * 1000 AS INTEGER)"


def write_history(
    db: sqlite3.Connection, table: str, was: Mapping[str, tuple[Sequence[str], Sequence[Value]]]
) -> None:
    """Note what entries were before they are changed now, in the caller's transaction.

    Args:
        db: the registry.
        table: `devices` or `assets`.
        was: column names and values by the entry's key.
    """
    db.executemany(
        f"INSERT INTO history VALUES ({_NOW_US}, ?, ?, ?)",  # noqa: S608 - a literal
        (
            (table, key, json.dumps(dict(zip(names, values, strict=True))))
            for key, (names, values) in was.items()
        ),
    )


def turns_us(db: sqlite3.Connection) -> list[int]:
    """Give the instants at which something was changed, in order [us]."""
    return [at_us for (at_us,) in db.execute("SELECT DISTINCT at_us FROM history ORDER BY at_us")]


def rows_then(
    db: sqlite3.Connection, table: str, rows: sqlite3.Cursor, at_us: int
) -> Iterator[tuple[Value, ...]]:
    """Give a table's rows (place, key, attributes…) as they were at an instant [us]."""
    names = [column[0] for column in rows.description][2:]
    # The first change behind the instant says what was then: it comes last, and stands.
    later: Iterable[tuple[str, str]] = db.execute(
        "SELECT name, was FROM history WHERE kind = ? AND at_us > ? ORDER BY at_us DESC, rowid DESC",
        (table, at_us),
    )
    then = {name: json.loads(was) for name, was in later}
    for row in rows:
        old = then.get(row[1])
        yield (
            row
            if old is None
            else (
                *row[:2],
                *(old.get(name, now) for name, now in zip(names, row[2:], strict=True)),
            )
        )
