"""Takes what people said of a device, and of an asset, out of state.db: reports, remarks, and who reported.

A report's words, its address and answers, and who told it are a person's data, whatever a device measured.
What stays is that there was a report, when, and by which way it came.
"""

import sqlite3

THEIRS = "(SELECT id FROM cases WHERE device = ?1 OR (?2 <> '' AND asset = ?2))"
"""Cases of a device, and of an asset where one is named: ?1 and ?2."""
_REPORTS = f"SELECT finding FROM case_reports WHERE case_id IN {THEIRS}"  # noqa: S608 - literals


def count_reports(connection: sqlite3.Connection, device: str, asset: str) -> int:
    """Give how many reports the cases of a device and an asset have that still say something."""
    if not _is_there(connection, "case_reports"):
        return 0
    sql = f"SELECT count(*) FROM case_reports WHERE case_id IN {THEIRS} AND words <> ''"  # noqa: S608
    return int(connection.execute(sql, (device, asset)).fetchone()[0])


def erase_reports(connection: sqlite3.Connection, device: str, asset: str, alias: str) -> dict[str, int]:
    """Take words and people out of the cases of a device and an asset, in the caller's transaction.

    Args:
        connection: to state.db; triggers that keep a case's history as it is are away.
        device: its name.
        asset: its name; empty for none.
        alias: what stands in the place of names.

    Returns:
        How many reports there were, and how many said who told them.
    """
    counts = {"reports": count_reports(connection, device, asset), "reporters": 0}
    theirs = (device, asset)

    def do(table: str, sql: str, *more: str) -> int:
        # A state that no core of this release has opened yet may lack a table.
        return connection.execute(sql, (*theirs, *more)).rowcount if _is_there(connection, table) else 0

    counts["reporters"] = do("reporters", f"DELETE FROM reporters WHERE finding IN ({_REPORTS})")  # noqa: S608
    do(
        "case_reports",
        "UPDATE case_reports SET words = '', details = '{}', key = ?3 || '-' || rowid "  # noqa: S608
        f"WHERE case_id IN {THEIRS}",
        alias,
    )
    do("case_steps", f"UPDATE case_steps SET reason = '', evidence = '{{}}' WHERE case_id IN {THEIRS}")  # noqa: S608
    do("open311_requests", f"UPDATE open311_requests SET notes = '' WHERE case_id IN {THEIRS}")  # noqa: S608
    return counts


def _is_there(connection: sqlite3.Connection, table: str) -> bool:
    sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return bool(connection.execute(sql, (table,)).fetchone()[0])
