"""Takes a device out of state.db: what it said goes, its cases stay as numbers without a name.

A case is a record of the city's desk: that there was one, when, and how it ended stays. Whose it was, what
was measured and where goes. The device's name goes from every text of every table, so that no table that is
added later is forgotten; words from closed sets and numbers stay, for a device may be called like one.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from narrowgate_ingest.report_erasing import THEIRS, erase_reports

OWN = ("erasures", "unsaid", "unsaid_points", "snapshots")
"""Tables that know the name until all is done, or hold bytes that are edited elsewhere."""
_COUNTS = (
    "meta", "desk_meta", "cursors", "dispositions", "case_counts", "outbox_sums", "outbox_endpoints",
    "open311_updates", "open311_cursors",
)  # fmt: skip
"""Tables of numbers under names of ours; a device that happens to be called so is none of them."""
_WORDS = (
    "disposition", "transport", "family", "rule", "severity", "service", "state", "step", "standing",
    "endpoint", "stage", "act", "status", "service_code", "request_id", "token",
)  # fmt: skip
"""Columns whose words are from closed sets or other systems' own, for the same reason."""
_PLACES = ("street", "lat", "lon", "cell", "asset")
_NAME = "A-Za-z0-9._:-"
_TRIES = 50


def erase_state(connection: sqlite3.Connection, device: str, alias: str, asset: str = "") -> dict[str, int]:
    """Take a device out of all tables, in the caller's transaction; give how much of what there was.

    Args:
        connection: to state.db.
        device: its name.
        alias: what stands in the place of its name.
        asset: what people reported of it, and its cases, go too; empty for none.
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
            "letters": _delete_letters(connection, device, asset),
            **erase_reports(connection, device, asset, alias),
            "cases": _blank_cases(connection, device, asset, alias),
        }
        texts = _scrub(connection, device, alias)
        return {**counts, "texts": texts}


def _delete(connection: sqlite3.Connection, sql: str, device: str) -> int:
    return connection.execute(sql, (device,)).rowcount


def _delete_letters(connection: sqlite3.Connection, device: str, asset: str) -> int:
    # `outbox` is what an earlier release had, until a core of this one has run.
    tables = [
        each for each in ("outbox_deliveries", "outbox_letters", "outbox") if each in _tables(connection)
    ]
    sql = f"DELETE FROM {{}} WHERE case_id IN {THEIRS}"  # noqa: S608 - our own names
    gone = [connection.execute(sql.format(table), (device, asset)).rowcount for table in tables]
    return gone[-1] if gone else 0


def _blank_cases(connection: sqlite3.Connection, device: str, asset: str, alias: str) -> int:
    known = _columns(connection, "cases")
    blanks = ["evidence = '{}'", *(f"{name} = NULL" for name in _PLACES if name in known)]
    if "cause" in known:
        blanks.append("cause = ?3 || char(31) || id")
    sql = f"UPDATE cases SET {', '.join(blanks)} WHERE id IN {THEIRS} AND ?3 <> ''"  # noqa: S608 - our own names
    return connection.execute(sql, (device, asset, alias)).rowcount


def _scrub(connection: sqlite3.Connection, device: str, alias: str) -> int:
    """Put the alias in the place of the name wherever a text has it; give how many texts had."""
    word = re.compile(rf"(?<![{_NAME}]){re.escape(device)}(?![{_NAME}])")

    def scrubbed(text: str) -> str:
        said = _json(text)
        return word.sub(alias, text) if said is None else _told_again(text, said, partial(word.sub, alias))

    connection.create_function("scrubbed", 1, scrubbed, deterministic=True)
    changed = 0
    for table in _tables(connection):
        columns = _columns(connection, table) if table not in (*OWN, *_COUNTS) else []
        for column in (each for each in columns if each not in _WORDS):
            changed += connection.execute(
                f'UPDATE "{table}" SET "{column}" = scrubbed("{column}") '  # noqa: S608 - from the schema
                f'WHERE typeof("{column}") = \'text\' AND instr("{column}", ?) '
                f'AND scrubbed("{column}") <> "{column}"',
                (device,),
            ).rowcount
    return changed


def _json(text: str) -> Any:
    """Give a text that is a JSON object or list as such; None of any other."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _told_again(text: str, said: Any, scrub: Callable[[str], str]) -> str:
    """Give JSON with its strings scrubbed: a number that reads like the name stays a number."""
    clean = _walked(said, scrub)
    return text if clean == said else json.dumps(clean, ensure_ascii=False)


def _walked(said: Any, scrub: Callable[[str], str]) -> Any:
    if isinstance(said, str):
        return scrub(said)
    if isinstance(said, list):
        return [_walked(each, scrub) for each in said]
    if isinstance(said, dict):
        return {scrub(name): _walked(each, scrub) for name, each in said.items()}
    return said


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
