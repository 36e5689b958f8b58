"""Whose the open cases are that an earlier release opened, before cases had tenants."""

import json
import sqlite3

from narrowgate_cases.outbox_tables import transaction
from narrowgate_cases.practice import Practice
from narrowgate_cases.tables import IS_OPEN_SQL

_KNOWN = "tenants_known"


def settle_tenants(connection: sqlite3.Connection, practice: Practice) -> int:
    """Give open cases without a tenant their devices', once in a database's life; give how many there were.

    Cases that are opened since have theirs, or none because their devices are several's.

    Args:
        connection: the state database, the desk's tables made, outside any transaction.
        practice: knows whose devices are.
    """
    if practice.placing is None:
        return 0
    known = connection.execute("SELECT 1 FROM desk_meta WHERE name = ?", (_KNOWN,)).fetchone()
    if known is not None:
        return 0
    with transaction(connection):
        rows = connection.execute(
            "SELECT id, service, device, members, opened_at FROM cases"  # noqa: S608 - a literal
            f" WHERE {IS_OPEN_SQL} AND tenant IS NULL AND (device <> '' OR members <> '[]')"
        ).fetchall()
        places = [
            (practice.place(service, device, json.loads(members), at_us, at_us).tenant, case_id)
            for case_id, service, device, members, at_us in rows
        ]
        connection.executemany("UPDATE cases SET tenant = ? WHERE id = ?", places)
        connection.execute("INSERT INTO desk_meta VALUES (?, 1)", (_KNOWN,))
    return sum(tenant is not None for tenant, _ in places)
