"""Makes the desk's tables in a state database, and brings those of an older format to this one."""

import sqlite3

from narrowgate_cases.tables import ADDED_TO_CASES, ADDED_TO_STEPS, FORMAT_VERSION, SCHEMA


def install(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring them to this format, wholly or not at all.

    Args:
        connection: the state database, outside any transaction.

    Raises:
        ValueError: a later release wrote the tables.
        sqlite3.Error: the database cannot be written.
    """
    version = format_version(connection)
    if version > FORMAT_VERSION:
        raise ValueError(
            f"the desk's tables have format version {version}; this release reads up to {FORMAT_VERSION}"
        )
    fill = _FILL if version == 1 else ""
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {_added(connection)} {SCHEMA} {fill} {_NOTE} COMMIT;")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


_NOTE = f"INSERT OR REPLACE INTO desk_meta VALUES ('format_version', {FORMAT_VERSION});"  # noqa: S608 - a literal

_FILL = """
INSERT OR IGNORE INTO case_findings
SELECT finding, id, version,
    CASE WHEN state = 'void' THEN 'retracted' WHEN state = 'closed' THEN 'cleared' ELSE 'raised' END
FROM cases;
UPDATE cases SET cause = service || char(31) || coalesce(asset, device) || char(31) || series,
    running_since = CASE WHEN state = 'reported' THEN opened_at END;
DROP TRIGGER case_steps_are_never_changed;
UPDATE case_steps SET state = CASE WHEN step = 'reopened' THEN 'reported' ELSE step END;
CREATE TRIGGER case_steps_are_never_changed BEFORE UPDATE ON case_steps
BEGIN SELECT RAISE(ABORT, 'a step of a case is never changed'); END;
"""
"""Version 1 knew the states reported, closed and void, and one finding a case."""


def format_version(connection: sqlite3.Connection) -> int:
    """Give the format version of what is there; 0 where nothing is."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    # A release before made them one by one, and may have fallen between the first two.
    if not {"cases", "case_steps"} <= tables:
        return 0
    if "desk_meta" not in tables:
        return 1
    row = connection.execute("SELECT value FROM desk_meta WHERE name = 'format_version'").fetchone()
    return int(row[0]) if row is not None else 0


def _added(connection: sqlite3.Connection) -> str:
    """Give the SQL that adds the columns that are not there to tables that are."""
    added = []
    for table, columns in (("cases", ADDED_TO_CASES), ("case_steps", ADDED_TO_STEPS)):
        known = {row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})")}
        missing = [column for column in columns if known and column.split()[0] not in known]
        added += [f"ALTER TABLE {table} ADD COLUMN {column};" for column in missing]
    return " ".join(added)
