"""What another release, or another calendar, changes about the cases that are open when the core starts."""

import json
import sqlite3
from hashlib import blake2b

from narrowgate_cases.clocks import CaseClock, Limit
from narrowgate_cases.outbox_tables import transaction
from narrowgate_cases.practice import Practice
from narrowgate_cases.steps import times_of
from narrowgate_cases.tables import IS_OPEN_SQL
from narrowgate_cases.working_calendar import WorkingCalendar

_TENANTS, _CALENDAR = "tenants_known", "calendar"


def settle(connection: sqlite3.Connection, practice: Practice) -> None:
    """Bring open cases to a practice: whose they are, and when their working time is up.

    Args:
        connection: the state database, the desk's tables made, outside any transaction.
        practice: how the desk works from now on.
    """
    with transaction(connection):
        if practice.placing is not None and _noted(connection, _TENANTS) is None:
            _settle_tenants(connection, practice)
            _note(connection, _TENANTS, 1)
        name = _name_of(practice.calendar)
        if _noted(connection, _CALENDAR) != name:
            _settle_clocks(connection, practice.calendar)
            _note(connection, _CALENDAR, name)


def _settle_tenants(connection: sqlite3.Connection, practice: Practice) -> None:
    """Give open cases their devices' tenant, in a database from before cases had any."""
    rows = connection.execute(
        "SELECT id, service, device, members, opened_at FROM cases"  # noqa: S608 - a literal
        f" WHERE {IS_OPEN_SQL} AND tenant IS NULL AND (device <> '' OR members <> '[]')"
    ).fetchall()
    connection.executemany(
        "UPDATE cases SET tenant = ? WHERE id = ?",
        [
            (practice.place(service, device, json.loads(members), at_us, at_us).tenant, case_id)
            for case_id, service, device, members, at_us in rows
        ],
    )


def _settle_clocks(connection: sqlite3.Connection, calendar: WorkingCalendar) -> None:
    """Work out anew when clocks in working time warn, are due and escalate; what is gone stays gone."""
    rows = connection.execute(
        "SELECT id, limit_us, spent_us, running_since, escalation FROM cases"  # noqa: S608 - a literal
        f" WHERE {IS_OPEN_SQL} AND is_working AND running_since IS NOT NULL AND limit_us IS NOT NULL"
    ).fetchall()
    changed = []
    for case_id, limit_us, spent_us, running_since, escalation in rows:
        clock = CaseClock(Limit(limit_us, is_working=True), spent_us, running_since)
        times = times_of(clock, escalation, calendar)
        changed.append((times.warns_at, times.due_at, times.alarm_at, case_id))
    connection.executemany(
        "UPDATE cases SET warns_at = ?, due_at = coalesce(?, due_at), alarm_at = ? WHERE id = ?", changed
    )


def _name_of(calendar: WorkingCalendar) -> int:
    """Give a number that is another for another calendar."""
    days = sorted(calendar.holidays), sorted(calendar.workdays.items())
    digest = blake2b(repr((str(calendar.zone), calendar.week, days)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


def _noted(connection: sqlite3.Connection, name: str) -> int | None:
    row = connection.execute("SELECT value FROM desk_meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def _note(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute("INSERT OR REPLACE INTO desk_meta VALUES (?, ?)", (name, value))
