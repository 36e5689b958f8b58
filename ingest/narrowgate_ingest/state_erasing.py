"""Takes a device out of state.db: what it said goes, its cases stay as numbers without a name.

A case is a record of the city's desk: that there was one, when, and how it ended stays. Whose it was, what
was measured and where goes. The device's name goes from every text of every table, so that no table that is
added later is forgotten.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

OWN = ("erasures", "unsaid", "unsaid_points", "snapshots")
"""Tables that know the name until all is done, or hold bytes that are edited elsewhere."""
_PLACES = ("street", "lat", "lon", "cell", "asset")
_NAME = "A-Za-z0-9._:-"
_TRIES = 50


def erase_state(connection: sqlite3.Connection, device: str, alias: str) -> dict[str, int]:
    """Take a device out of all tables, in the caller's transaction; give how much of what there was.

    Args:
        connection: to state.db.
        device: its name.
        alias: what stands in the place of its name.
    """
    with _without_triggers(connection):
        said = [
            table
            for table in _tables(connection)
            if table not in ("cases", *OWN) and "device" in _columns(connection, table)
        ]
        counts = {
            **{
                table: _delete(connection, f'DELETE FROM "{table}" WHERE device = ?', device)  # noqa: S608
                for table in said
            },
            "letters": _delete_letters(connection, device),
            "cases": _blank_cases(connection, device, alias),
        }
        texts = _scrub(connection, device, alias)
        return {**counts, "texts": texts}


def _delete(connection: sqlite3.Connection, sql: str, device: str) -> int:
    return connection.execute(sql, (device,)).rowcount


def _delete_letters(connection: sqlite3.Connection, device: str) -> int:
    if "outbox" not in _tables(connection):
        return 0
    theirs = "SELECT id FROM cases WHERE device = ?"
    return _delete(connection, f"DELETE FROM outbox WHERE case_id IN ({theirs})", device)  # noqa: S608


def _blank_cases(connection: sqlite3.Connection, device: str, alias: str) -> int:
    connection.execute(
        "UPDATE case_steps SET evidence = '{}' WHERE case_id IN (SELECT id FROM cases WHERE device = ?)",
        (device,),
    )
    known = _columns(connection, "cases")
    blanks = ["evidence = '{}'", *(f"{name} = NULL" for name in _PLACES if name in known)]
    values: list[str] = []
    if "cause" in known:
        blanks.append("cause = ? || char(31) || id")
        values.append(alias)
    sql = f"UPDATE cases SET {', '.join(blanks)} WHERE device = ?"  # noqa: S608 - our own names
    return connection.execute(sql, (*values, device)).rowcount


def _scrub(connection: sqlite3.Connection, device: str, alias: str) -> int:
    """Put the alias in the place of the name wherever a text has it; give how many texts had."""
    word = re.compile(rf"(?<![{_NAME}]){re.escape(device)}(?![{_NAME}])")
    connection.create_function("scrubbed", 1, lambda text: word.sub(alias, text), deterministic=True)
    changed = 0
    for table in _tables(connection):
        for column in _columns(connection, table) if table not in OWN else ():
            changed += connection.execute(
                f'UPDATE "{table}" SET "{column}" = scrubbed("{column}") '  # noqa: S608 - from the schema
                f'WHERE typeof("{column}") = \'text\' AND instr("{column}", ?) '
                f'AND scrubbed("{column}") <> "{column}"',
                (device,),
            ).rowcount
    return changed


def _tables(connection: sqlite3.Connection) -> list[str]:
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in connection.execute(sql)]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Give a table's columns that can be written."""
    return [row[1] for row in connection.execute(f'PRAGMA table_xinfo("{table}")') if row[6] == 0]


@contextmanager
def _without_triggers(connection: sqlite3.Connection) -> Iterator[None]:
    """Let rows be changed that nobody else may change; the transaction holds others off."""
    found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in found:
        connection.execute(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in found:
        connection.execute(sql)


def leave_no_bytes(connection: sqlite3.Connection) -> bool:
    """Write a database anew without what was deleted, and empty its log; False if readers hold it.

    Raises:
        sqlite3.Error: it is locked or the disk is full; what was deleted stays so.
    """
    connection.execute("VACUUM")
    return empty_log(connection)


def empty_log(connection: sqlite3.Connection) -> bool:
    """Bring the log into the file and cut it to nothing; False if readers would not let go of it."""
    for _ in range(_TRIES):
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not is_busy:
            return True
    return False
